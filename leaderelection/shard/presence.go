package shard

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/sheaf-dev/sheaf/leaderelection"
)

// presence keeps this replica's own Lease, by which the others know that it is there. Nobody's safety depends on it: who owns a shard is
// decided by the shard's Lease.
type presence struct {
	leases leaderelection.Leases
	view   *view
	group  names
	opts   leaderelection.Options
	lease  *coordinationv1.Lease // as it was last stored; owned by the goroutine of run

	mu  sync.Mutex // owns err
	err error
}

// run renews the Lease until the context is done, and then deletes it, so that the others share the shards out at once.
func (p *presence) run(ctx context.Context) {
	log := klog.FromContext(ctx)
	for ctx.Err() == nil {
		err := p.renew(ctx)
		if ctx.Err() != nil {
			break
		}
		if failed := p.set(err); err != nil && !failed {
			log.Error(err, "The replica cannot renew its Lease, will retry", "lease", p.group.own())
		}
		p.sweep(ctx)
		pause(ctx, time.Duration(float64(p.opts.RetryPeriod)*(1+1.2*rand.Float64())))
	}
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.opts.RetryPeriod)
	defer cancel()
	if err := p.leases.Delete(leaving, p.group.own(), ""); err != nil && !apierrors.IsNotFound(err) {
		log.Error(err, "The replica's Lease could not be deleted and must expire", "lease", p.group.own())
	}
}

// sweep deletes the Leases of replicas that are gone for good. It is a courtesy: others may do it, too, or it may fail.
func (p *presence) sweep(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, p.opts.RetryPeriod)
	defer cancel()
	for _, dead := range p.view.litter(p.opts.LeaseDuration, time.Now()) {
		_ = p.leases.Delete(ctx, dead.Name, dead.ResourceVersion)
	}
}

// set notes what came of the last renewal, and says whether the one before it failed.
func (p *presence) set(err error) (failed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	failed = p.err != nil
	p.err = err
	return failed
}

func (p *presence) lastError() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// renew writes the Lease. If it is not as it was left, or nobody knows, it looks first.
func (p *presence) renew(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, p.opts.RenewDeadline)
	defer cancel()
	for range 3 {
		if p.lease == nil {
			p.lease, err = p.leases.Get(ctx, p.group.own())
		}
		switch {
		case apierrors.IsNotFound(err):
			p.lease, err = p.leases.Create(ctx, p.stamped(&coordinationv1.Lease{
				ObjectMeta: metav1.ObjectMeta{Name: p.group.own(), Labels: p.group.labels()},
			}))
		case err == nil:
			p.lease, err = p.leases.Update(ctx, p.stamped(p.lease.DeepCopy()))
		}
		if err == nil {
			return nil
		}
		p.lease = nil
		if !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) && !apierrors.IsAlreadyExists(err) {
			return err
		}
		err = nil
	}
	return fmt.Errorf("the Lease %s changes all the time: is there another replica with the identity %q?", p.group.own(), p.group.identity)
}

func (p *presence) stamped(lease *coordinationv1.Lease) *coordinationv1.Lease {
	now, seconds, identity := metav1.NowMicro(), int32((p.opts.LeaseDuration+time.Second-1)/time.Second), p.group.identity
	lease.Spec.HolderIdentity, lease.Spec.RenewTime, lease.Spec.LeaseDurationSeconds = &identity, &now, &seconds
	return lease
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
