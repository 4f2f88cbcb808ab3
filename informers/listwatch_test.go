package informers_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/sheaf-dev/sheaf/cache"
	"github.com/sheaf-dev/sheaf/informers"
	"github.com/sheaf-dev/sheaf/resource"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

func TestFunctionsThatReturnNothingAreFailuresAndNoPanics(t *testing.T) {
	named := corev1.ConfigMaps.New()
	named.Name, named.ResourceVersion = "named", "1"
	for want, list := range map[string]*resource.List[*v1.ConfigMap]{
		"the ListFunc returned no list":   nil,
		"the WatchFunc returned no watch": {ListMeta: metav1.ListMeta{ResourceVersion: "1"}, Items: []*v1.ConfigMap{nil, named}},
	} {
		synctest.Test(t, func(t *testing.T) {
			i := informers.New(corev1.ConfigMaps, informers.ListWatch[*v1.ConfigMap]{
				ListFunc: func(context.Context, metav1.ListOptions) (*resource.List[*v1.ConfigMap], error) { return list, nil },
				WatchFunc: func(context.Context, metav1.ListOptions) (watch.Interface, error) {
					return nil, nil
				},
			}, cache.Options{})
			ctx, cancel := context.WithCancel(quiet(t))
			defer synctest.Wait()
			defer cancel()
			go func() {
				if err := i.Run(ctx); err != nil {
					t.Error(err)
				}
			}()
			synctest.Wait()
			s := i.Status()
			if last := s.Scopes[0].LastFailure; last == nil || !strings.Contains(last.Error(), want) {
				t.Errorf("have %v, want %q", last, want)
			}
			if list != nil && (s.Objects != 1 || s.Nameless == 0) {
				t.Errorf("status %+v", s)
			}
		})
	}
}

func TestAGetFuncThatReturnsNothingLeavesTheObjectInQuarantine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		named := corev1.ConfigMaps.New()
		named.Name, named.ResourceVersion = "named", "1"
		list := &resource.List[*v1.ConfigMap]{ListMeta: metav1.ListMeta{ResourceVersion: "1"}, Items: []*v1.ConfigMap{named}}
		i := informers.New(corev1.ConfigMaps, informers.ListWatch[*v1.ConfigMap]{
			ListFunc:  func(context.Context, metav1.ListOptions) (*resource.List[*v1.ConfigMap], error) { return list, nil },
			WatchFunc: func(context.Context, metav1.ListOptions) (watch.Interface, error) { return watch.NewFake(), nil },
			GetFunc:   func(context.Context, resource.Key) (*v1.ConfigMap, error) { return nil, nil },
		}, cache.Options{Transform: func(resource.Object) (resource.Object, error) { return nil, errors.New("refused") }})
		ctx, cancel := context.WithCancel(quiet(t))
		defer synctest.Wait()
		defer cancel()
		go func() {
			if err := i.Run(ctx); err != nil {
				t.Error(err)
			}
		}()
		time.Sleep(time.Minute)
		q := i.Status().Quarantined
		if len(q) != 1 || q[0].Attempts == 0 || !strings.Contains(q[0].Err.Error(), "returned no object") {
			t.Errorf("quarantined: %+v", q)
		}
	})
}
