package discovery

import (
	"encoding/json"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// ErrStale is why a group's version has failed that is served by another API server which does not answer. Resources that are listed
// all the same are those of an earlier time.
var ErrStale = errors.New("the API server behind it does not answer, so that what is known of it may be out of date")

// FailedError says that one version of a group could not be discovered.
type FailedError struct {
	GroupVersion schema.GroupVersion
	Err          error
}

// Error names the group, the version, and the reason.
func (e *FailedError) Error() string {
	return fmt.Sprintf("discover %s: %v", e.GroupVersion, e.Err)
}

// Unwrap returns the reason.
func (e *FailedError) Unwrap() error { return e.Err }

// stored is the form of a failure on disk.
type stored struct {
	GroupVersion schema.GroupVersion `json:"groupVersion"`
	Stale        bool                `json:"stale,omitempty"`
	Text         string              `json:"text,omitempty"`
}

// MarshalJSON writes the failure with the text of its reason.
func (e *FailedError) MarshalJSON() ([]byte, error) {
	if errors.Is(e.Err, ErrStale) {
		return json.Marshal(stored{GroupVersion: e.GroupVersion, Stale: true})
	}
	return json.Marshal(stored{GroupVersion: e.GroupVersion, Text: e.Err.Error()})
}

// UnmarshalJSON reads what MarshalJSON wrote. Of a reason other than ErrStale, the text remains.
func (e *FailedError) UnmarshalJSON(data []byte) error {
	var s stored
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	e.GroupVersion, e.Err = s.GroupVersion, errors.New(s.Text)
	if s.Stale {
		e.Err = ErrStale
	}
	return nil
}

// Err returns what could not be discovered: nil, or a *FailedError for each version of a group, joined.
func (c *Catalog) Err() error {
	var errs []error
	for _, g := range c.groups {
		for _, v := range g.Versions {
			if v.Err != nil {
				errs = append(errs, v.Err)
			}
		}
	}
	return errors.Join(errs...)
}
