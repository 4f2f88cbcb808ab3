// Package frozen is the server of the comparisons: an API server for one collection that never really changes, so that both sides read the
// same bytes, and whose answers are encoded before anybody asks, so that it takes little of the machine from the program that is measured.
//
// Reading order: encoding.go (objects become items of lists and frames of watches), server.go (list and watch), storm.go (what the
// conductor's programs can order: a storm of updates, the end of all watches).
package frozen
