// Package workload says what is measured: a Workload is a value, which the conductor (compare) hands to the server and to the two programs
// under test as JSON, and Figures are what those answer with.
//
// It imports nothing but the standard library, so that it adds nothing to the programs that are measured.
package workload

import (
	"fmt"
	"time"
)

// Kind is what a collection consists of.
type Kind string

// The kinds. Widgets are custom resources.
const (
	Pods           Kind = "pods"
	Nodes          Kind = "nodes"
	EndpointSlices Kind = "endpointslices"
	Secrets        Kind = "secrets"
	ConfigMaps     Kind = "configmaps"
	Widgets        Kind = "widgets"
)

// Face is how a program looks at the objects.
type Face string

// The faces.
const (
	Typed    Face = "typed"
	Dynamic  Face = "dynamic"  // unstructured
	Metadata Face = "metadata" // PartialObjectMetadata
)

// Trim is what a program does without. The peer is tuned for the same: by a transform that strips objects.
type Trim string

// The trims.
const (
	Whole           Trim = ""
	NoManagedFields Trim = "no managedFields"
	FourFields      Trim = "metadata and 4 fields" // metadata without managedFields, nodeName, phase, podIP, conditions
	Compact         Trim = "compact"               // sheaf's compact store; the peer has nothing like it and holds whole objects
)

// Act is what happens after the start.
type Act string

// The acts.
const (
	Sync    Act = "sync"    // read the collection until every handler has seen every object
	Updates Act = "updates" // a storm of updates, as fast as the program takes them
	Relist  Act = "relist"  // the watch expires, the collection is read again, nothing has changed
	Reads   Act = "reads"   // read the cache in every way
	Stormy  Act = "stormy"  // read the cache during a storm of updates
	Store   Act = "store"   // the store alone, without a server: update, memory, reads under paced updates
	Queue   Act = "queue"   // the work queue alone: add, get, done; add after a while
	Build   Act = "build"   // no run at all: build and start a minimal controller
)

// Workload is one row of the table.
type Workload struct {
	Name  string
	Group string // the heading that it is listed under

	Kind     Kind
	Count    int
	Replicas int  // pods of one deployment, which follow each other; 0: objects have nothing in common
	JSON     bool // the wire's format; else protobuf, where there is one
	Face     Face
	Trim     Trim
	// Transform makes both sides strip managedFields by a transform function, where Trim lets each side use what it has.
	Transform bool

	Act         Act
	Handlers    int  // 0: 1
	Events      int  // updates in a storm
	Times       int  // relists; 0: 1
	MemoryLimit int  // GOMEMLIMIT in MiB; 0: none
	NoStreaming bool // the server lists, and does not stream initial states
	Rounds      int  // at most, because a round takes minutes; 0: as many as are asked for

	// Bars are the promises: figure → the largest ratio to the peer.
	Bars map[string]float64
	// Limits are promises that do not look at the peer: figure → the largest value.
	Limits map[string]float64
}

// ID names the workload.
func (w *Workload) ID() string { return w.Group + ": " + w.Name }

// HandlerCount is how many handlers there are.
func (w *Workload) HandlerCount() int { return max(1, w.Handlers) }

// RelistCount is how many relists there are.
func (w *Workload) RelistCount() int { return max(1, w.Times) }

// Figures are measurements by name; see All.
type Figures map[string]float64

// Names of figures.
const (
	CPU       = "cpu"
	Wall      = "wall"
	Peak      = "peak"
	Live      = "live"
	Allocated = "allocated"
	PerEvent  = "cpu per event"
	AllocEach = "allocated per event"
	Rate      = "events"
	Delivered = "delivered"
	LiveRise  = "live growth"
	PeakRise  = "peak growth"
	Get       = "get"
	GetAllocs = "get allocations"
	ByIndex   = "by index"
	Namespace = "one namespace"
	Selector  = "label selector"
	Update    = "update"
	Overhead  = "store per object"
	P99       = "p99 of 1,000 gets"
	Applied   = "updates during gets"
	StormP99  = "p99 of 1,000 gets in a storm"
	Cycle     = "queue cycle"
	AddAfter  = "queue add after"
	Binary    = "binary"
	Stripped  = "stripped"
	Compile   = "cold compile"
	Start     = "start to main"
	HeapStart = "heap at main"
	Packages  = "packages"
)

// Unit says how a figure is written.
type Unit string

// The units.
const (
	Seconds Unit = "s"
	Bytes   Unit = "B"
	Number  Unit = ""
	PerSec  Unit = "/s"
	Ratio   Unit = "×"
)

// All lists the figures in the order in which they are shown.
var All = []struct {
	Name  string
	Title string
	Unit  Unit
	// More says that more is better.
	More bool
}{
	{CPU, "CPU", Seconds, false},
	{PerEvent, "CPU an event", Seconds, false},
	{Live, "live heap", Bytes, false},
	{Peak, "peak RSS", Bytes, false},
	{LiveRise, "live heap after ÷ before", Ratio, false},
	{PeakRise, "peak RSS after ÷ before", Ratio, false},
	{Allocated, "allocated", Bytes, false},
	{AllocEach, "allocated an event", Bytes, false},
	{Wall, "wall time", Seconds, false},
	{Rate, "events a second", PerSec, true},
	{Delivered, "handler calls delivered", Ratio, true},
	{Get, "Get", Seconds, false},
	{GetAllocs, "allocations a Get", Number, false},
	{ByIndex, "ByIndex, 7 hits", Seconds, false},
	{Namespace, "one namespace, 100 hits", Seconds, false},
	{Selector, "label selector, 40 hits", Seconds, false},
	{Update, "store update, in batches of 10", Seconds, false},
	{Overhead, "store's memory an object", Bytes, false},
	{P99, "1,000 Gets under 50,000 updates/s, p99", Seconds, false},
	{StormP99, "1,000 Gets in the storm, p99", Seconds, false},
	{Applied, "updates a second meanwhile", PerSec, true},
	{Cycle, "work queue: add, get, done", Seconds, false},
	{AddAfter, "work queue: add after a delay", Seconds, false},
	{Binary, "binary", Bytes, false},
	{Stripped, "binary, stripped", Bytes, false},
	{Compile, "cold compile, CPU", Seconds, false},
	{Packages, "packages in the build", Number, false},
	{Start, "start to main, CPU", Seconds, false},
	{HeapStart, "heap at main", Bytes, false},
}

// String writes a quantity for people.
func (u Unit) String() string { return string(u) }

// Text writes a value in a unit, with three digits.
func (u Unit) Text(v float64) string {
	switch u {
	case Seconds:
		return (time.Duration(v*1e9) * time.Nanosecond).Round(roundTo(v)).String()
	case Bytes:
		for _, step := range []struct {
			size float64
			name string
		}{{1e9, "GB"}, {1e6, "MB"}, {1e3, "KB"}} {
			if v >= step.size {
				return fmt.Sprintf("%.3g %s", v/step.size, step.name)
			}
		}
		return fmt.Sprintf("%.0f B", v)
	case PerSec:
		return fmt.Sprintf("%.3g/s", v)
	case Ratio:
		return fmt.Sprintf("%.3f×", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// roundTo leaves three digits of a number of seconds.
func roundTo(v float64) time.Duration {
	step := time.Nanosecond
	for limit := 1e-6; limit <= v && step < time.Second; limit *= 10 {
		step *= 10
	}
	return step
}
