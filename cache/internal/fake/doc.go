// Package fake is a collection in memory that can be listed and watched, with faults on demand. It is for the tests of the cache's
// stages; apitest is a whole server.
package fake
