// Package history is the storage of the server: one multi-version history of all objects, with one counter of revisions
// (the API's resourceVersions) and a bounded window of past states.
//
// A Version is one state of one object as wire bytes. A Table holds the versions of one resource, sorted by key, and the
// resource's changes in order; a watch is a cursor in these changes, so that it costs nothing but its position. Nothing here
// knows about HTTP or about the content of objects.
package history
