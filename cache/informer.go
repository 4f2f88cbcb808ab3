package cache

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/cache/delta"
	"github.com/sheaf-dev/sheaf/cache/reflector"
	"github.com/sheaf-dev/sheaf/cache/store"
	"github.com/sheaf-dev/sheaf/internal/decode"
	"github.com/sheaf-dev/sheaf/resource"
)

// Options refines a SharedIndexInformer. The zero value is safe.
type Options struct {
	// Store says how objects are indexed.
	Store store.Options
	// Reflector says how the collection is read.
	Reflector reflector.Options
	// Transform changes objects before they are stored; nil: none. It is called once for each version of each object.
	Transform delta.Transform
	// Drop are fields that objects are kept without, by the names they have in JSON: "metadata.managedFields", "spec.containers.env". They are
	// skipped while an object is decoded, and so cost neither time nor memory; a server that can leave managedFields out is asked to. A path that
	// the type does not have makes Run fail with an error that names the nearest one. An object without a part of itself must
	// not be written back: Update would remove that part on the server. Write with a patch or an apply, or read the object through a client first.
	Drop []string
	// Compact holds objects as compressed bytes: compact.Zstd, of package cache/compact. A read decodes them, in some tens of microseconds, unless
	// somebody holds the decoded object; indexes, selectors and handlers work as ever. nil: objects are held decoded, which is what reads
	// that are frequent want.
	Compact store.Compaction
	// Resync is the period of handlers that do not say their own. 0: never.
	Resync time.Duration
	// QueueBytes bounds the events that wait to be stored, in bytes on the wire. 0: delta.DefaultMaxBytes.
	QueueBytes int
	// JournalBytes bounds the memory that a handler which lags behind may keep alive before its notices are coalesced, in bytes. 0: 64 MiB.
	JournalBytes int64
	// Mutations switches the mutation detector on.
	Mutations MutationOptions
	// Scopes are the namespaces to read, each from its own source, in place of the source that New is given. None: all, from that source.
	Scopes []Scope
}

// Scope is one namespace of a collection and where to read it. No namespace may come twice, and if one scope is the empty namespace, it must be the
// only one: else Run fails.
type Scope struct {
	Namespace string
	Source    reflector.ListerWatcher
}

const defaultJournalBytes = 64 << 20

// SharedIndexInformer keeps a store up to date with a collection and tells handlers what changes. Make one with New. All methods may
// be called from any goroutine.
type SharedIndexInformer struct {
	def        *resource.Definition
	opts       Options
	reader     *store.Reader
	queue      *delta.Queue
	committer  *committer
	journal    *journal
	wards      *wards
	reflectors []scoped
	synced     chan struct{}            // closed when the first full state is in the store
	shared     *decode.Table            // equal parts of different objects
	invalid    error                    // why it cannot run
	life       atomic.Pointer[lifetime] // what a status needs of the rest, which may be locked by somebody who waits; nil: it has not been started

	mu       sync.Mutex // owns the rest
	indexers map[string]store.IndexFunc
	started  bool
	stopped  bool
	ctx      context.Context // of Run, while it runs
	group    sync.WaitGroup
}

// lifetime is when an informer was started, and whether it was stopped.
type lifetime struct {
	began   time.Time
	stopped bool
}

// scoped is the reflector of one scope.
type scoped struct {
	scope     string
	reflector *reflector.Reflector
}

// New returns an informer of a collection. It starts nothing: see Run.
func New(def *resource.Definition, source reflector.ListerWatcher, opts Options) *SharedIndexInformer {
	if opts.JournalBytes <= 0 {
		opts.JournalBytes = defaultJournalBytes
	}
	if len(opts.Scopes) == 0 {
		opts.Scopes = []Scope{{Source: source}}
	}
	opts.Store.Compact = opts.Compact != nil
	if opts.Reflector.Streams == nil { // one for all scopes
		opts.Reflector.Streams = &reflector.Streams{}
	}
	writer, reader := store.New(opts.Store)
	i := &SharedIndexInformer{
		def: def, opts: opts, reader: reader,
		queue:    delta.New(delta.Options{MaxBytes: opts.QueueBytes}),
		journal:  &journal{bound: opts.JournalBytes, tail: newSegment()},
		wards:    newWards(opts.Reflector.Random),
		synced:   make(chan struct{}),
		indexers: map[string]store.IndexFunc{},
	}
	maps.Copy(i.indexers, opts.Store.Indexers)
	i.wards.start = i.goWhileRunning
	i.committer = &committer{
		writer: writer, reader: reader, journal: i.journal, wards: i.wards,
		detector: newDetector(def.String(), opts.Mutations),
		scopes:   map[string]string{}, want: len(opts.Scopes), synced: func() { close(i.synced) },
	}
	decoding, err := newDecoding(def, reader, opts)
	i.shared = decoding.table
	for _, scope := range opts.Scopes {
		intake := i.queue.Intake(delta.IntakeOptions{Scope: scope.Namespace, Transform: decoding.transforms(scope.Source), Pack: decoding.pack()})
		i.wards.intakes[scope.Namespace] = intake
		if getter := decoding.getter(scope.Source); getter != nil {
			i.wards.getters[scope.Namespace] = getter
		}
		i.reflectors = append(i.reflectors, scoped{scope.Namespace, reflector.New(decoding.source(scope.Source, intake), intake, opts.Reflector)})
	}
	if n := len(i.wards.intakes); n < len(opts.Scopes) || n > 1 && i.wards.intakes[""] != nil {
		err = errScopes
	}
	if err != nil {
		i.invalid = fmt.Errorf("informer of %s: %w", def, err)
	}
	return i
}

// errScopes: what one stream of a namespace says is missing, another may have.
var errScopes = errors.New("no namespace may be in two scopes, and a scope of all namespaces must be the only one")

// Definition returns the resource.
func (i *SharedIndexInformer) Definition() *resource.Definition { return i.def }

// Reader returns the read side of the store.
func (i *SharedIndexInformer) Reader() *store.Reader { return i.reader }

// AddIndexers adds index functions; see store.Reader.
func (i *SharedIndexInformer) AddIndexers(indexers map[string]store.IndexFunc) error {
	if err := i.reader.AddIndexers(indexers); err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	maps.Copy(i.indexers, indexers)
	return nil
}

func (i *SharedIndexInformer) indexFunc(name string) store.IndexFunc {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.indexers[name]
}

// WaitFor waits until the store has reached a resourceVersion; see store.Reader.
func (i *SharedIndexInformer) WaitFor(ctx context.Context, resourceVersion string) (store.Snapshot, error) {
	return i.reader.WaitFor(ctx, resourceVersion)
}

// HasSynced says whether the store has had a full state of the collection.
func (i *SharedIndexInformer) HasSynced() bool {
	select {
	case <-i.synced:
		return true
	default:
		return false
	}
}

// Synced is closed when HasSynced becomes true.
func (i *SharedIndexInformer) Synced() <-chan struct{} { return i.synced }

// Run keeps the store up to date until the context is done. When it returns, nothing that it started is left: it waits for the calls of
// handlers that are running. It can be called once; the error is ErrStarted, or what is wrong with the options.
func (i *SharedIndexInformer) Run(ctx context.Context) error {
	logger := klog.FromContext(ctx).WithValues("resource", i.def.String())
	ctx, cancel := context.WithCancel(klog.NewContext(ctx, logger))
	defer cancel()
	if err := i.start(ctx); err != nil {
		return err
	}
	defer i.enlist()()
	for _, r := range i.reflectors {
		i.goWhileRunning(func(ctx context.Context) {
			if r.scope != "" {
				ctx = klog.NewContext(ctx, klog.FromContext(ctx).WithValues("namespace", r.scope))
			}
			r.reflector.Run(ctx)
		})
	}
	if d := i.committer.detector; d != nil {
		i.goWhileRunning(d.run)
	}
	i.consume(ctx)
	i.stop()
	return nil
}

// consume commits batch after batch.
func (i *SharedIndexInformer) consume(ctx context.Context) {
	var buffer []delta.Delta
	for {
		batch, err := i.queue.Pop(ctx, buffer)
		if err != nil {
			return
		}
		i.committer.commit(batch)
		clear(batch)
		buffer = batch
		i.queue.Done()
	}
}

func (i *SharedIndexInformer) start(ctx context.Context) error {
	if i.invalid != nil {
		return i.invalid
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.started {
		return fmt.Errorf("informer of %s: %w", i.def, ErrStarted)
	}
	i.started, i.ctx = true, ctx
	i.life.Store(&lifetime{began: time.Now()})
	i.journal.mu.Lock()
	defer i.journal.mu.Unlock()
	for _, l := range i.journal.listeners {
		i.launch(l)
	}
	return nil
}

// stop waits for all that runs.
func (i *SharedIndexInformer) stop() {
	i.mu.Lock()
	i.stopped = true
	i.life.Store(&lifetime{began: i.life.Load().began, stopped: true})
	i.mu.Unlock()
	i.group.Wait()
}

// goWhileRunning runs a function in a goroutine that Run waits for.
func (i *SharedIndexInformer) goWhileRunning(f func(context.Context)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.stopped {
		i.group.Go(func() { f(i.ctx) })
	}
}

// launch starts the goroutine of a listener. mu is held.
func (i *SharedIndexInformer) launch(l *listener) {
	l.mu.Lock()
	l.log = klog.FromContext(i.ctx)
	l.mu.Unlock()
	i.group.Go(func() { l.run(i.ctx) })
}

// AddEventHandler adds a handler, before or while the informer runs. It first hears of the objects that are there, as initial adds. The
// error is ErrStopped, or says what is wrong with the arguments or with the informer's options.
func (i *SharedIndexInformer) AddEventHandler(handler EventHandler, opts HandlerOptions) (*Registration, error) {
	if handler == nil {
		return nil, errors.New("the handler is nil")
	}
	if i.invalid != nil { // nobody would ever end it
		return nil, i.invalid
	}
	if opts.Resync == 0 {
		opts.Resync = i.opts.Resync
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stopped {
		return nil, fmt.Errorf("informer of %s: %w", i.def, ErrStopped)
	}
	l := newListener(handler, opts, i.journal, i.reader)
	i.attach(l)
	if i.started {
		i.launch(l)
	}
	return &Registration{informer: i, listener: l}, nil
}

// attach gives a listener the state that is there, and everything from then on.
func (i *SharedIndexInformer) attach(l *listener) {
	i.journal.mu.Lock()
	defer i.journal.mu.Unlock()
	snapshot := i.reader.Snapshot()
	l.attach(i.journal.initialState(snapshot.AllHeld(), snapshot.Len(), i.HasSynced()))
	i.journal.figures.Lock()
	i.journal.listeners = append(i.journal.listeners, l)
	i.journal.figures.Unlock()
}

// remove takes a listener off.
func (i *SharedIndexInformer) remove(l *listener) {
	l.state.Or(removed)
	l.once.gone.Do(func() { close(l.gone) })
	i.journal.remove(l)
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.started {
		l.finish()
	}
}
