// SPDX-License-Identifier: MIT

package main

import "fmt"

func main() {
	answer := make(chan int)
	go func() { answer <- 42 }()
	fmt.Println("answer:", <-answer)
}
