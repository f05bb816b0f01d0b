// SPDX-License-Identifier: MIT

// What Go brings along: goroutines and channels, garbage collection, recovery from faults, timers.
package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

func check(ok bool, what string) {
	if !ok {
		fmt.Fprintf(os.Stderr, "pi: %s: is not so\n", what)
		os.Exit(1)
	}
}

// Leibniz's series from term "from" to "to", summed by one goroutine.
func part(from, to int, out chan<- float64) {
	sum := 0.0
	for i := to - 1; i >= from; i-- {
		sum += 4 / float64(2*i+1) * float64(1-2*(i&1))
	}
	out <- sum
}

func testPi() {
	const parts, terms = 50, 2000000
	out := make(chan float64)
	for i := 0; i < parts; i++ {
		go part(i*terms/parts, (i+1)*terms/parts, out)
	}
	sums := make([]float64, 0, parts)
	for i := 0; i < parts; i++ {
		sums = append(sums, <-out)
	}
	// They come in any order; added in one order they give one result.
	sort.Slice(sums, func(i, j int) bool { return math.Abs(sums[i]) < math.Abs(sums[j]) })
	pi := 0.0
	for _, s := range sums {
		pi += s
	}
	check(math.Abs(pi-math.Pi) < 1e-6, "pi")
	fmt.Printf("pi is about %.5f\n", pi)
}

// Primes by a chain of goroutines, each of which filters one factor.
func testSieve() {
	ch := make(chan int)
	stop := make(chan struct{})
	send := func(to chan<- int, n int) bool {
		select {
		case to <- n:
			return true
		case <-stop:
			return false
		}
	}
	go func(to chan<- int) {
		for n := 2; send(to, n); n++ {
		}
	}(ch)
	primes := []string{}
	for i := 0; i < 30; i++ {
		prime := <-ch
		primes = append(primes, fmt.Sprint(prime))
		next := make(chan int)
		go func(from <-chan int, to chan<- int, prime int) {
			for {
				select {
				case n := <-from:
					if n%prime != 0 && !send(to, n) {
						return
					}
				case <-stop:
					return
				}
			}
		}(ch, next, prime)
		ch = next
	}
	close(stop)
	check(primes[29] == "113", "the 30th prime")
	fmt.Println("primes:", strings.Join(primes, " "))
}

type node struct {
	left, right *node
	load        [64]byte
}

func tree(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{left: tree(depth - 1), right: tree(depth - 1)}
}

func (n *node) count() int {
	if n == nil {
		return 0
	}
	return 1 + n.left.count() + n.right.count()
}

func testGarbage() {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	keep := tree(10)
	var wg sync.WaitGroup
	for g := 0; g < 4; g++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; i < 20; i++ {
				check(tree(9).count() == 1<<10-1, "a tree while others make garbage")
			}
		}()
	}
	wg.Wait()
	runtime.GC()
	runtime.ReadMemStats(&after)
	check(keep.count() == 1<<11-1, "what is reachable is kept")
	check(after.NumGC > before.NumGC, "the collector ran")
	check(after.HeapAlloc < 64<<20, "garbage goes")
	fmt.Println("garbage collected:", keep.count(), "nodes kept")
}

type thing struct{ field int }

func fault(f func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = r.(error)
		}
	}()
	f()
	return nil
}

func testRecover() {
	var none *thing
	var zero int
	err := fault(func() { fmt.Println(none.field) })
	var re runtime.Error
	check(err != nil && errors.As(err, &re), "recover from a nil dereference")
	fmt.Println("recovered:", strings.Contains(err.Error(), "nil pointer"))
	err = fault(func() { fmt.Println(10 / zero) })
	check(err != nil, "recover from a division by zero")
	fmt.Println("recovered:", err)
	err = fault(func() { fmt.Println([]int{1}[zero+5]) })
	check(err != nil, "recover from an index out of range")
	fmt.Println("recovered:", err)
	// On another goroutine, so on another stack.
	done := make(chan error)
	go func() { done <- fault(func() { none.field = 1 }) }()
	check(<-done != nil, "recover on a goroutine")
}

func testTimers() {
	begin := time.Now()
	select {
	case <-time.After(20 * time.Millisecond):
	case <-make(chan int):
	}
	check(time.Since(begin) >= 20*time.Millisecond, "time.After waits")
	ticker := time.NewTicker(2 * time.Millisecond)
	for i := 0; i < 5; i++ {
		<-ticker.C
	}
	ticker.Stop()
	var fired int32
	t := time.AfterFunc(time.Hour, func() { atomic.AddInt32(&fired, 1) })
	check(t.Stop() && fired == 0, "a stopped timer does not fire")
	fmt.Println("timers: ok")
}

func testLocks() {
	var mu sync.Mutex
	var once sync.Once
	var wg sync.WaitGroup
	n, first := 0, 0
	for g := 0; g < 100; g++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			once.Do(func() { first++ })
			for i := 0; i < 100; i++ {
				mu.Lock()
				n++
				mu.Unlock()
				if i%10 == 0 {
					runtime.Gosched()
				}
			}
		}()
	}
	wg.Wait()
	check(n == 10000 && first == 1, "100 goroutines with a mutex")
	fmt.Println("locks:", n)
}

func main() {
	fmt.Println("Hello from Go!")
	testPi()
	testSieve()
	testGarbage()
	testRecover()
	testTimers()
	testLocks()
	fmt.Println("pi: ok")
}
