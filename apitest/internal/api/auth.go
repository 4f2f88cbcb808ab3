package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var errUnknownReview = errors.New("this version of the review is not served")

// User is who sends a request.
type User struct {
	Name   string
	UID    string
	Groups []string
}

// Attributes are what a request wants to do.
type Attributes struct {
	User        User
	Verb        string // of a resource; for other paths the method in lower case
	Resource    schema.GroupVersionResource
	Namespace   string
	Name        string
	Subresource string
	Path        string
}

// Auth says who may do what. The zero value lets everybody do everything.
type Auth struct {
	// Users are the users by bearer token; nil means that nobody needs to say who he is.
	Users map[string]User
	// Certificates accepts client certificates: the common name is the user, the organizations are the groups.
	Certificates bool
	// Allow decides; nil allows everything.
	Allow func(Attributes) bool
}

func (a Auth) required() bool { return a.Users != nil || a.Certificates }

type userKey struct{}

// UserFrom returns who has sent the request of a context.
func UserFrom(ctx context.Context) User {
	if user, ok := ctx.Value(userKey{}).(User); ok {
		return user
	}
	return User{Name: "system:admin", Groups: []string{"system:masters", "system:authenticated"}}
}

// Admit finds out who sends a request and whether he may do it. If so, it returns the request to serve; otherwise it has answered.
func (a *API) Admit(w http.ResponseWriter, r *http.Request, route Route) (*http.Request, bool) {
	user := UserFrom(r.Context())
	if a.options.Auth.required() {
		var ok bool
		if user, ok = a.userOf(r); !ok {
			a.SendError(w, r, plainStatus(http.StatusUnauthorized, metav1.StatusReasonUnauthorized, "Unauthorized"))
			return nil, false
		}
	}
	user = impersonated(r, user)
	r = r.WithContext(context.WithValue(r.Context(), userKey{}, user))
	attributes := Attributes{User: user, Verb: strings.ToLower(r.Method), Path: r.URL.Path}
	if route.Verb != "" {
		attributes = Attributes{User: user, Verb: route.Verb, Resource: route.Resource, Namespace: route.Namespace, Name: route.Name, Subresource: route.Subresource, Path: r.URL.Path}
	}
	if a.allows(attributes) {
		return r, true
	}
	a.SendError(w, r, forbidden(attributes))
	return nil, false
}

func (a *API) allows(attributes Attributes) bool {
	return a.options.Auth.Allow == nil || a.options.Auth.Allow(attributes)
}

// userOf finds the user of a request, by client certificate or token.
func (a *API) userOf(r *http.Request) (User, bool) {
	if a.options.Auth.Certificates && r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		subject := r.TLS.VerifiedChains[0][0].Subject
		return authenticated(User{Name: subject.CommonName, Groups: subject.Organization}), true
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return User{}, false
	}
	return a.authenticate(strings.TrimSpace(token))
}

// authenticate finds the user of a token: one that was given, or a service account.
func (a *API) authenticate(token string) (User, bool) {
	if user, ok := a.options.Auth.Users[token]; ok {
		return authenticated(user), true
	}
	claims, ok := a.tokens.read(token)
	if !ok || time.Now().Unix() >= claims.Expires {
		return User{}, false
	}
	namespace := strings.SplitN(claims.Subject, ":", 4)
	user := User{Name: claims.Subject, UID: claims.UID, Groups: []string{"system:serviceaccounts"}}
	if len(namespace) == 4 {
		user.Groups = append(user.Groups, "system:serviceaccounts:"+namespace[2])
	}
	return authenticated(user), true
}

func authenticated(user User) User {
	user.Groups = append(user.Groups[:len(user.Groups):len(user.Groups)], "system:authenticated")
	return user
}

// impersonated returns as whom a request wants to act.
func impersonated(r *http.Request, user User) User {
	name := r.Header.Get("Impersonate-User")
	if name == "" {
		return user
	}
	return User{Name: name, UID: r.Header.Get("Impersonate-Uid"), Groups: append(r.Header.Values("Impersonate-Group"), "system:authenticated")}
}

// read returns the content of a token that this server has issued.
func (t tokens) read(token string) (claims Claims, ok bool) {
	i := strings.LastIndexByte(token, '.')
	if i < 0 || t.sign(token[:i]) != token[i+1:] {
		return claims, false
	}
	_, content, _ := strings.Cut(token[:i], ".")
	data, err := base64.RawURLEncoding.DecodeString(content)
	return claims, err == nil && json.Unmarshal(data, &claims) == nil
}

// decide answers whether somebody may do something.
func (a *API) decide(user User, r *authorizationv1.ResourceAttributes, other *authorizationv1.NonResourceAttributes) authorizationv1.SubjectAccessReviewStatus {
	attributes := Attributes{User: user}
	switch {
	case r != nil:
		attributes.Verb, attributes.Namespace, attributes.Name, attributes.Subresource = r.Verb, r.Namespace, r.Name, r.Subresource
		attributes.Resource = schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Resource}
	case other != nil:
		attributes.Verb, attributes.Path = other.Verb, other.Path
	}
	return authorizationv1.SubjectAccessReviewStatus{Allowed: a.allows(attributes)}
}

// forbidden is the error of what a user may not do.
func forbidden(a Attributes) error {
	if a.Resource.Resource == "" {
		return plainStatus(http.StatusForbidden, metav1.StatusReasonForbidden, fmt.Sprintf("forbidden: User %q cannot %s path %q", a.User.Name, a.Verb, a.Path))
	}
	where := " at the cluster scope"
	if a.Namespace != "" {
		where = fmt.Sprintf(" in the namespace %q", a.Namespace)
	}
	what := a.Resource.Resource
	if a.Subresource != "" {
		what += "/" + a.Subresource
	}
	gr := a.Resource.GroupResource()
	return apierrors.NewForbidden(gr, a.Name, fmt.Errorf("User %q cannot %s resource %q in API group %q%s", a.User.Name, a.Verb, what, a.Resource.Group, where))
}
