! SPDX-License-Identifier: MIT
program main
  implicit none
  integer :: i, n
  n = 0
  !$omp parallel do reduction(+:n)
  do i = 1, 42
    n = n + 1
  end do
  print '(a,i3)', 'answer:', n
end program main
