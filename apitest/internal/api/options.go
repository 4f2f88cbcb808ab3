package api

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
)

// selection is what a list, watch or deletecollection asks for.
type selection struct {
	namespace string
	match     func(*history.Version) bool // nil: everything
	simple    bool                        // no label or field selector restricts it
	shard     string                      // the shard selector

	resourceVersion string
	revision        uint64 // of resourceVersion
	versionMatch    metav1.ResourceVersionMatch
	limit           int
	continueToken   string
	sendInitial     *bool
	bookmarks       bool
	timeout         int64 // seconds; 0 none
}

// selection reads and checks the parameters.
func (q *request) selection(watching bool) (*selection, error) {
	s := &selection{
		namespace: q.Namespace, resourceVersion: q.query.Get("resourceVersion"), bookmarks: isTrue(q.query["allowWatchBookmarks"]),
		versionMatch: metav1.ResourceVersionMatch(q.query.Get("resourceVersionMatch")), continueToken: q.query.Get("continue"),
	}
	if values := q.query["sendInitialEvents"]; len(values) > 0 {
		send := isTrue(values)
		s.sendInitial = &send
	}
	limit, err := intParam(q.query, "limit")
	if err != nil {
		return nil, err
	}
	s.limit = int(max(limit, 0))
	if s.timeout, err = intParam(q.query, "timeoutSeconds"); err != nil {
		return nil, err
	}
	problems := s.checkList()
	if watching {
		problems = s.checkWatch()
	}
	if len(problems) > 0 {
		return nil, apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: "ListOptions"}, "", problems)
	}
	if s.revision, err = parseRevision(s.resourceVersion); err != nil && !watching && s.continueToken != "" {
		return nil, errVersionAndToken
	} else if err != nil && !watching {
		return nil, apierrors.NewBadRequest("invalid resource version: " + err.Error())
	} else if err != nil {
		return nil, err
	}
	return s, q.selectors(s)
}

// errVersionAndToken: a token has a version of its own.
var errVersionAndToken error = apierrors.NewBadRequest("specifying resource version is not allowed when using continue")

func intParam(query url.Values, name string) (int64, error) {
	if !query.Has(name) {
		return 0, nil
	}
	n, err := strconv.ParseInt(query.Get(name), 10, 64)
	if err != nil {
		return 0, apierrors.NewBadRequest(err.Error())
	}
	return n, nil
}

// parseRevision reads a resourceVersion parameter; "" is 0. A malformed one is a plain error, which the real server answers by 500.
func parseRevision(text string) (uint64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("resourceVersion: Invalid value: %q: %w", text, err)
	}
	return n, nil
}

var (
	pathVersionMatch = field.NewPath("resourceVersionMatch")
	pathSendInitial  = field.NewPath("sendInitialEvents")
)

func (s *selection) checkList() (problems field.ErrorList) {
	if match := s.versionMatch; match != "" {
		if s.resourceVersion == "" {
			problems = append(problems, field.Forbidden(pathVersionMatch, "resourceVersionMatch is forbidden unless resourceVersion is provided"))
		}
		if s.continueToken != "" {
			problems = append(problems, field.Forbidden(pathVersionMatch, "resourceVersionMatch is forbidden when continue is provided"))
		}
		if match != metav1.ResourceVersionMatchExact && match != metav1.ResourceVersionMatchNotOlderThan {
			problems = append(problems, field.NotSupported(pathVersionMatch, match, []string{"Exact", "NotOlderThan", ""}))
		}
		if match == metav1.ResourceVersionMatchExact && s.resourceVersion == "0" {
			problems = append(problems, field.Forbidden(pathVersionMatch, `resourceVersionMatch "exact" is forbidden for resourceVersion "0"`))
		}
	}
	if s.sendInitial != nil {
		problems = append(problems, field.Forbidden(pathSendInitial, "sendInitialEvents is forbidden for list"))
	}
	return problems
}

func (s *selection) checkWatch() (problems field.ErrorList) {
	match := s.versionMatch
	if s.sendInitial != nil && match != metav1.ResourceVersionMatchNotOlderThan {
		problems = append(problems, field.Forbidden(pathVersionMatch, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
	}
	if match == "" {
		return problems
	}
	if s.sendInitial == nil {
		problems = append(problems, field.Forbidden(pathVersionMatch, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
	}
	if match != metav1.ResourceVersionMatchNotOlderThan {
		problems = append(problems, field.NotSupported(pathVersionMatch, match, []string{"NotOlderThan"}))
	}
	if s.continueToken != "" {
		problems = append(problems, field.Forbidden(pathVersionMatch, "resourceVersionMatch is forbidden when continue is provided"))
	}
	return problems
}

// selectors compiles the label and field selectors, and the name of a single object, into one test.
func (q *request) selectors(s *selection) error {
	var tests []func(*history.Version) bool
	label, err := labels.Parse(q.query.Get("labelSelector"))
	if err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	if !label.Empty() {
		tests = append(tests, func(v *history.Version) bool { return label.Matches(v.Labels) })
	}
	fieldSelector, err := fields.ParseSelector(q.query.Get("fieldSelector"))
	if err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	if q.Name != "" {
		byName := fields.OneTermEqualSelector("metadata.name", q.Name)
		if name, ok := fieldSelector.RequiresExactMatch("metadata.name"); ok && name != q.Name {
			return apierrors.NewBadRequest(fmt.Sprintf("the name requested in the path %q does not match the name of the field selector", q.Name))
		}
		fieldSelector = fields.AndSelectors(fieldSelector, byName)
	}
	if !fieldSelector.Empty() {
		if err := q.kind.CheckFieldSelector(fieldSelector); err != nil {
			return apierrors.NewBadRequest(err.Error())
		}
		tests = append(tests, q.kind.MatchFields(fieldSelector))
	}
	s.simple = len(tests) == 0
	if text := q.query.Get("shardSelector"); text != "" {
		inShard, canonical, err := shard(text)
		if err != nil {
			return err
		}
		s.shard = canonical
		tests = append(tests, inShard)
	}
	if len(tests) > 0 {
		s.match = func(v *history.Version) bool {
			for _, test := range tests {
				if !test(v) {
					return false
				}
			}
			return true
		}
	}
	return nil
}

// token is a continue token, in the form that the real server uses.
type token struct {
	APIVersion      string `json:"v"`
	ResourceVersion int64  `json:"rv"` // -1: the newest
	StartKey        string `json:"start"`
}

func (t token) encode() string {
	t.APIVersion = "meta.k8s.io/v1"
	b, _ := json.Marshal(t)
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeToken(text string) (token, error) {
	var t token
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(b, &t)
	}
	switch {
	case err != nil:
		return t, apierrors.NewBadRequest(fmt.Sprintf("invalid continue token: continue key is not valid: %v", err))
	case t.APIVersion != "meta.k8s.io/v1":
		return t, apierrors.NewBadRequest("invalid continue token: continue key is not valid: server does not recognize this encoded version " + t.APIVersion)
	case t.ResourceVersion == 0:
		return t, apierrors.NewBadRequest("invalid continue token: continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
	case t.StartKey == "":
		return t, apierrors.NewBadRequest("invalid continue token: continue key is not valid: encoded start key empty (version meta.k8s.io/v1)")
	}
	return t, nil
}
