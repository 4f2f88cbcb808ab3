// Package conformance compares API servers: it sends the same requests to any server and writes down what comes back.
//
// A Scenario is a sequence of requests. Its transcript is text in which what differs from run to run (uids, times,
// resourceVersions, continue tokens) is replaced by names. The transcripts of a real Kubernetes API server are part of this package:
// Test compares a server's with them. It is run against package apitest, and against the real server, which keeps the transcripts honest.
package conformance
