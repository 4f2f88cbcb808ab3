package store

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/sheaf-dev/sheaf/resource"
)

// In every generation all lasting objects get a new label, and the fleeting ones are replaced by others with new names.
const (
	lasting  = 50
	fleeting = 30
)

func generation(number int) (changes []Change) {
	label := map[string]string{"generation": strconv.Itoa(number)}
	one := func(kind string, i int) Change {
		o := object(fmt.Sprint("n", i%3), kind+"-"+strconv.Itoa(i), label)
		return put(annotated(o, map[string]string{"node": strconv.Itoa(number)}))
	}
	for i := range lasting {
		changes = append(changes, one("lasting", i))
	}
	for i := range fleeting {
		changes = append(changes, one("fleeting-"+strconv.Itoa(number), i))
		if number > 1 {
			old := resource.Key{Namespace: fmt.Sprint("n", i%3), Name: fmt.Sprint("fleeting-", number-1, "-", i)}
			changes = append(changes, Change{Op: Delete, Key: old})
		}
	}
	return changes
}

// look checks that all answers of a snapshot speak of one generation.
func look(s Snapshot) error {
	number := s.ResourceVersion()
	if number == "" {
		return nil
	}
	if s.Len() != lasting+fleeting {
		return fmt.Errorf("%d objects", s.Len())
	}
	count := 0
	for i := range lasting {
		o, found := s.Get(resource.Key{Namespace: fmt.Sprint("n", i%3), Name: "lasting-" + strconv.Itoa(i)})
		if !found || o.GetLabels()["generation"] != number {
			return fmt.Errorf("lasting object %d is not of generation %s", i, number)
		}
	}
	for i := range fleeting {
		key := resource.Key{Namespace: fmt.Sprint("n", i%3), Name: fmt.Sprint("fleeting-", number, "-", i)}
		if _, found := s.Get(key); !found {
			return fmt.Errorf("%s is missing", key)
		}
	}
	for o := range s.All() {
		if o.GetLabels()["generation"] == number {
			count++
		}
	}
	for n := range 3 {
		for range s.Namespace(fmt.Sprint("n", n)) {
			count++
		}
	}
	count += len(s.List(labels.SelectorFromSet(labels.Set{"generation": number}), ""))
	indexed, err := s.ByIndex("node", number)
	if count += len(indexed); count != 4*(lasting+fleeting) {
		return fmt.Errorf("%d answers in all", count)
	}
	return err
}

func TestReadersSeeWholeGenerationsWhileTheWriterGoesOn(t *testing.T) {
	readWhileWriting(t, Options{Indexers: nodes("node")}, 400)
}

func TestReadersOfACompactStoreSeeWholeGenerationsToo(t *testing.T) {
	readWhileWriting(t, Options{Indexers: nodes("node"), Compact: true}, 60)
}

func readWhileWriting(t *testing.T, opts Options, generations int) {
	w, r := New(opts)
	m := &model{}
	if opts.Compact {
		m.packer = newPacker(r, partials, reversing{})
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	errs := make(chan error, 3)
	for range cap(errs) {
		readers.Go(func() {
			held := r.Snapshot()
			for i := 0; ; i++ {
				select {
				case <-stop:
					errs <- nil
					return
				default:
				}
				if err := errors.Join(look(r.Snapshot()), look(held)); err != nil {
					errs <- err
					return
				}
				if i%5 == 0 {
					held = r.Snapshot()
				}
			}
		})
	}
	for number := range generations {
		w.Apply(m.pack(r, generation(number+1)), strconv.Itoa(number+1))
		if number == generations/2 {
			if err := r.AddIndexers(nodes("other")); err != nil {
				t.Error(err)
			}
		}
	}
	close(stop)
	readers.Wait()
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	mustCheck(t, w)
}
