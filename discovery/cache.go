package discovery

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// CacheOptions say how long a Cache remembers, and where. The zero value remembers in memory, until Invalidate.
type CacheOptions struct {
	// TTL is how long a catalog is used. Default: without end in memory, 6 h on disk.
	TTL time.Duration
	// Dir is a folder in which the catalog is kept, too, so that the next program finds it there. It is made if missing. Several
	// servers and programs may share it. Default: in memory only.
	Dir string
}

const (
	defaultDiskTTL = 6 * time.Hour
	// failedTTL is how long a catalog is used in which something is missing: what fails is often about to come back.
	failedTTL = 10 * time.Second
)

// Cache remembers the catalog of a server. However many ask at the same time, one request is made. It is safe for concurrent use and
// owns no goroutine; Run, which is optional, lets a watch say when the catalog is out of date.
type Cache struct {
	client *Client
	opts   CacheOptions
	file   *file // nil: in memory only

	current atomic.Pointer[remembered]
	asking  chan struct{} // holds one token for whoever may ask the server

	mu       sync.Mutex // owns attempts, failure
	attempts int        // how often the server was asked
	failure  error      // what came of the last attempt
}

// remembered is a catalog and whether it may still be used.
type remembered struct {
	catalog *Catalog
	own     bool // asked for by this cache, not read from disk
	invalid bool
}

// NewCache returns a cache over a client. It starts nothing and reads nothing.
func NewCache(c *Client, opts CacheOptions) *Cache {
	cache := &Cache{client: c, opts: opts, asking: make(chan struct{}, 1)}
	if opts.Dir != "" {
		if cache.opts.TTL <= 0 {
			cache.opts.TTL = defaultDiskTTL
		}
		cache.file = newFile(opts.Dir, c.server.Host())
	}
	cache.current.Store(&remembered{})
	return cache
}

// Client returns the client below.
func (c *Cache) Client() *Client { return c.client }

// Catalog returns the remembered catalog, or asks the server for it. One in which something is missing is used for 10 s only.
func (c *Cache) Catalog(ctx context.Context) (*Catalog, error) {
	if r := c.current.Load(); c.usable(r) {
		return r.catalog, nil
	}
	return c.ask(ctx, func(r *remembered) bool { return c.usable(r) }, true)
}

// Refresh returns a catalog that is newer than old, which somebody found to be out of date: the remembered one if it is, or else the
// server's answer. Nil is older than all.
func (c *Cache) Refresh(ctx context.Context, old *Catalog) (*Catalog, error) {
	return c.ask(ctx, func(r *remembered) bool {
		return old != nil && c.usable(r) && r.own && r.catalog != old && r.catalog.fetched.After(old.fetched)
	}, false)
}

// Fresh says whether this cache has asked the server itself since it was made or last invalidated: if so, what is not in the catalog
// was not there then, and otherwise it may be worth a Refresh.
func (c *Cache) Fresh() bool {
	r := c.current.Load()
	return r.own && c.usable(r)
}

// Invalidate makes the next Catalog ask the server.
func (c *Cache) Invalidate() {
	for {
		r := c.current.Load()
		changed := *r
		changed.invalid = true
		if c.current.CompareAndSwap(r, &changed) {
			return
		}
	}
}

func (c *Cache) usable(r *remembered) bool {
	if r.catalog == nil || r.invalid {
		return false
	}
	age := time.Since(r.catalog.fetched)
	switch {
	case age < 0: // the clock was set back since the file was written
		return false
	case r.catalog.incomplete():
		return age < failedTTL
	default:
		return c.opts.TTL <= 0 || age < c.opts.TTL
	}
}

func (c *Catalog) incomplete() bool { return c.Err() != nil }

// ask lets one caller at a time ask the server, unless what is remembered by then is good enough. A caller that waited while another was
// refused gets the same error.
func (c *Cache) ask(ctx context.Context, good func(*remembered) bool, disk bool) (*Catalog, error) {
	before := c.attempted()
	select {
	case c.asking <- struct{}{}:
		defer func() { <-c.asking }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	r := c.current.Load()
	if good(r) {
		return r.catalog, nil
	}
	if err := c.refusedSince(before); err != nil {
		return nil, err
	}
	if disk && r.catalog == nil && c.file != nil {
		if catalog := c.file.read(ctx); catalog != nil {
			fromDisk := &remembered{catalog: catalog, invalid: r.invalid}
			if c.current.CompareAndSwap(r, fromDisk) && c.usable(fromDisk) {
				return catalog, nil
			}
			r = c.current.Load()
		}
	}
	return c.fetch(ctx, r)
}

// fetch asks the server. It is called by one goroutine at a time.
func (c *Cache) fetch(ctx context.Context, r *remembered) (*Catalog, error) {
	catalog, err := c.client.Refresh(ctx, r.catalog)
	c.note(ctx, err)
	if err != nil {
		return nil, err
	}
	// Invalidated meanwhile: the answer may be of before, so that the next caller asks again.
	fresh := &remembered{catalog: catalog, own: true}
	if !c.current.CompareAndSwap(r, fresh) {
		fresh.invalid = true
		c.current.Store(fresh)
	}
	if c.file != nil {
		c.file.write(ctx, catalog)
	}
	return catalog, nil
}

func (c *Cache) attempted() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.attempts
}

// note remembers what came of an attempt, for those who waited for it.
func (c *Cache) note(ctx context.Context, err error) {
	if err != nil && ctx.Err() != nil {
		return // this caller gave up; that says nothing to others
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.attempts++
	c.failure = err
}

func (c *Cache) refusedSince(attempts int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.attempts > attempts {
		return c.failure
	}
	return nil
}
