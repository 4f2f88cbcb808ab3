// Package served is what tests of the cache's stages read: the config maps of an apitest server in memory, through a client.
package served
