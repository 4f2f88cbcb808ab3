// Package house holds the tests of the repository's own rules: which folder may import which, what each folder must say about itself,
// and what every package's tests must check. It has no code for programs.
//
// Next: plan_test.go, the plan of the house as data; a new folder gets its line there.
package house
