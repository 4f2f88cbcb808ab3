package shard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/sheaf-dev/sheaf/leaderelection"
)

// Callbacks are the user's side of a replica.
type Callbacks struct {
	// OnAcquired is the work on one shard, from when this replica owns it. Its context ends when the shard is to be given up or was lost,
	// and has the shard's fencing token: leaderelection.Token. The shard is given up when it returns, so it must return soon after its context
	// has ended; if it returns before, the shard is still owned. Required. It is called concurrently for different shards, never for one.
	OnAcquired func(ctx context.Context, s Shard)
	// OnReleased is called when OnAcquired has returned after its context had ended. The shard is given up after it.
	OnReleased func(s Shard)
	// OnChange is called when the owner of a shard changes, as far as it can be seen from here, or the set of replicas. If
	// changes come faster than it returns, only the last of them is told.
	OnChange func(Status)
}

// Options are the settings of a replica. The zero value has the usual ones.
type Options struct {
	// Shards is the number of shards; at most 1024. It should be several times the largest number of replicas. Zero: 16. It belongs to the
	// group, as By does: the first replica writes it down, and others with another number do not run.
	Shards int
	// By is what divides the objects. Empty: ByNamespace.
	By Field
	// Sample returns values of the field as they are to be expected. The first replica of a group asks for them, and chooses the bounds of the
	// shards so that they hold equally many. Nil: ranges of one size, which suit UIDs. Names that differ in their last characters only
	// have hashes close together: see Namespaces.
	Sample func(ctx context.Context) ([]string, error)
	// Election are the settings of the shards' Leases: identity, times, labels, metrics. Empty: those of leaderelection.New. NoWatch and
	// Coordinated are not for shards.
	Election leaderelection.Options
}

const (
	defaultShards = 16
	maxShards     = 1024
)

// completed sets the defaults and finds contradictions.
func (o Options) completed(name string) (_ Options, err error) {
	if o.Shards == 0 {
		o.Shards = defaultShards
	}
	if o.By == "" {
		o.By = ByNamespace
	}
	if o.Election.NoWatch || o.Election.Coordinated != nil {
		return o, errors.New("NoWatch and Coordinated are not for shards")
	}
	if o.Election, err = o.Election.Completed(); err != nil {
		return o, err
	}
	var problems []string
	if o.Shards < 0 || o.Shards > maxShards {
		problems = append(problems, fmt.Sprintf("%d shards: want 1 to %d", o.Shards, maxShards))
	}
	if o.By != ByNamespace && o.By != ByUID {
		problems = append(problems, fmt.Sprintf("objects cannot be divided by %q, only by namespace or uid", o.By))
	}
	for _, p := range slices.Concat(validation.IsDNS1123Label(name), validation.IsDNS1123Subdomain(names{name, o.Election.Identity}.own())) {
		problems = append(problems, fmt.Sprintf("the name %q and the identity %q make no name of a Lease: %s", name, o.Election.Identity, p))
	}
	if len(problems) > 0 {
		return o, errors.New(strings.Join(problems, "; "))
	}
	return o, nil
}
