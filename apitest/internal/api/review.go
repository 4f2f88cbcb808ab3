package api

import (
	"net/http"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/resource"
)

// review answers a question that is asked by a POST. Nothing is stored.
func (q *request) review() error {
	if _, err := q.writeOptions("CreateOptions"); err != nil {
		return err
	}
	obj, err := q.object(q.kind)
	if err != nil {
		return err
	}
	if q.kind.Namespaced() && obj.GetNamespace() == "" {
		obj.SetNamespace(q.Namespace)
	}
	user := UserFrom(q.r.Context())
	switch r := obj.(type) {
	case *authenticationv1.SelfSubjectReview:
		r.CreationTimestamp = metav1.NewTime(time.Now().UTC().Truncate(time.Second))
		r.Status.UserInfo = authenticationv1.UserInfo{Username: user.Name, UID: user.UID, Groups: user.Groups}
	case *authenticationv1.TokenReview:
		found, ok := q.api.authenticate(r.Spec.Token)
		r.Status.Authenticated = ok
		if ok {
			r.Status.User = authenticationv1.UserInfo{Username: found.Name, UID: found.UID, Groups: found.Groups}
		}
	case *authorizationv1.SelfSubjectAccessReview:
		r.Status = q.api.decide(user, r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes)
	case *authorizationv1.SubjectAccessReview:
		r.Status = q.api.decide(User{Name: r.Spec.User, UID: r.Spec.UID, Groups: r.Spec.Groups}, r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes)
	case *authorizationv1.LocalSubjectAccessReview:
		r.Status = q.api.decide(User{Name: r.Spec.User, UID: r.Spec.UID, Groups: r.Spec.Groups}, r.Spec.ResourceAttributes, r.Spec.NonResourceAttributes)
	case *authorizationv1.SelfSubjectRulesReview:
		r.Status = q.api.rules()
	default:
		return apierrors.NewInternalError(errUnknownReview)
	}
	return q.sendFresh(http.StatusCreated, obj)
}

// sendFresh answers with an object of the resource's kind that is not stored.
func (q *request) sendFresh(code int, obj resource.Object) error {
	q.accept.As = ""
	data, err := q.bytesOfObject(obj)
	if err != nil {
		return err
	}
	q.sendBytes(code, q.envelope(), data)
	return nil
}

// rules says what everybody may do, as far as it can be said: a function cannot be listed.
func (a *API) rules() authorizationv1.SubjectRulesReviewStatus {
	if a.options.Auth.Allow != nil {
		return authorizationv1.SubjectRulesReviewStatus{Incomplete: true, EvaluationError: "rules are decided by a function",
			ResourceRules: []authorizationv1.ResourceRule{}, NonResourceRules: []authorizationv1.NonResourceRule{}}
	}
	all := []string{"*"}
	return authorizationv1.SubjectRulesReviewStatus{
		ResourceRules:    []authorizationv1.ResourceRule{{Verbs: all, APIGroups: all, Resources: all}},
		NonResourceRules: []authorizationv1.NonResourceRule{{Verbs: all, NonResourceURLs: all}},
	}
}
