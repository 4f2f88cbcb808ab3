// Package apitest is a Kubernetes API server in the test's process.
package apitest
