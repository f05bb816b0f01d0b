! SPDX-License-Identifier: MIT
! What Fortran brings along: array intrinsics, formatted and unformatted I/O, OpenMP.
module checks
  implicit none
contains
  subroutine check(ok, what)
    logical, intent(in) :: ok
    character(*), intent(in) :: what
    if (ok) return
    flush (6)
    write (0, '(a)') 'hellof: '//what//': is not so'
    stop 1
  end subroutine check
end module checks

module tasks
  implicit none
contains
  recursive integer function fibonacci(n) result(f)
    integer, intent(in) :: n
    integer :: a, b
    if (n < 2) then
      f = n
    else if (n < 12) then
      f = fibonacci(n - 1) + fibonacci(n - 2)
    else
      !$omp task shared(a)
      a = fibonacci(n - 1)
      !$omp end task
      !$omp task shared(b)
      b = fibonacci(n - 2)
      !$omp end task
      !$omp taskwait
      f = a + b
    end if
  end function fibonacci
end module tasks

program hellof
  use checks
  use tasks
  use omp_lib
  implicit none

  print '(a)', 'Hello from Fortran!'
  call test_arrays
  call test_io
  call test_reduction
  call test_tasks
  print '(a)', 'hellof: ok'

contains

  subroutine test_arrays
    integer :: m(3, 4), t(4, 3), i
    real(8), allocatable :: a(:, :), b(:, :)
    character(:), allocatable :: s

    m = reshape([(i, i=1, 12)], [3, 4])
    t = transpose(m)
    call check(sum(m) == 78 .and. all(sum(m, dim=1) == [6, 15, 24, 33]), 'sum')
    call check(all(matmul(m, t) == reshape([166, 188, 210, 188, 214, 240, 210, 240, 270], [3, 3])), 'matmul')
    call check(all(pack(m, mod(m, 5) == 0) == [5, 10]), 'pack')
    call check(all(maxloc(m) == [3, 4]) .and. minval(m) == 1, 'maxloc, minval')
    call check(all(cshift([1, 2, 3, 4], 1) == [2, 3, 4, 1]), 'cshift')
    call check(dot_product([1, 2, 3], [4, 5, 6]) == 32, 'dot_product')
    call check(count(m > 6) == 6 .and. any(m == 7) .and. .not. all(m == 7), 'count, any, all')
    allocate (a(100, 100), b(100, 100))
    call random_seed()
    call random_number(a)
    call check(all(a >= 0 .and. a < 1) .and. maxval(a) > minval(a), 'random_number')
    b = 0
    forall (i=1:100) b(i, i) = 1
    call check(all(matmul(a, b) == a), 'matmul with the identity')
    deallocate (a, b)
    s = 'grows'
    s = s//' as '//repeat('needed ', 3)
    call check(trim(s) == 'grows as needed needed needed', 'strings')
    print '(a,4i4)', 'column sums:', sum(m, dim=1)
  end subroutine test_arrays

  subroutine test_io
    integer :: unit, i, back(5), ios
    real(8) :: x
    character(40) :: line

    write (line, '(i5.3, f10.4, 1x, es12.4, 1x, l1)') 42, 3.14159d0, 1.5d-7, .true.
    call check(line == '  042    3.1416   1.5000E-07 T', 'formatted write')
    print '(a)', 'formatted: '//trim(line)
    read (line, *) i, x
    call check(i == 42 .and. abs(x - 3.1416d0) < 1d-12, 'list-directed read')

    open (newunit=unit, file='hellof.txt', status='replace', action='readwrite')
    do i = 1, 5
      write (unit, '(i0)') i*i
    end do
    rewind (unit)
    read (unit, *) back
    read (unit, *, iostat=ios) i
    close (unit)
    call check(all(back == [1, 4, 9, 16, 25]) .and. ios < 0, 'text file')

    open (newunit=unit, file='hellof.bin', status='replace', access='direct', recl=8)
    do i = 10, 1, -1
      write (unit, rec=i) real(i, 8)/2
    end do
    read (unit, rec=7) x
    close (unit)
    call check(x == 3.5d0, 'direct access')
    open (newunit=unit, file='not-there', status='old', iostat=ios)
    call check(ios /= 0, 'a missing file is an error')
    print '(a,5i3)', 'read back:', back
  end subroutine test_io

  subroutine test_reduction
    integer, parameter :: n = 100000
    integer :: i, threads
    integer(8) :: total
    real(8) :: top
    integer :: hits(4)

    call omp_set_num_threads(4)
    total = 0
    top = 0
    hits = 0
    threads = 0
    !$omp parallel reduction(+:threads)
    threads = threads + 1
    !$omp end parallel
    !$omp parallel do reduction(+:total) reduction(max:top) schedule(dynamic, 100)
    do i = 1, n
      total = total + i
      top = max(top, real(mod(i*7, 1009), 8))
    end do
    !$omp end parallel do
    !$omp parallel do reduction(+:hits)
    do i = 1, n
      hits(1 + mod(i, 4)) = hits(1 + mod(i, 4)) + 1
    end do
    !$omp end parallel do
    call check(total == int(n, 8)*(n + 1)/2 .and. top == 1008d0, 'reduction')
    call check(all(hits == n/4), 'array reduction')
    call check(threads == 4, 'four threads')
    print '(a,i0,a,i0)', 'OpenMP: ', total, ' on threads: ', threads
  end subroutine test_reduction

  subroutine test_tasks
    integer :: f

    !$omp parallel
    !$omp single
    f = fibonacci(24)
    !$omp end single
    !$omp end parallel
    call check(f == 46368, 'tasks')
    print '(a,i0)', 'tasks: fibonacci ', f
  end subroutine test_tasks
end program hellof
