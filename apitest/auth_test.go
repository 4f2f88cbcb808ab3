package apitest_test

import (
	"crypto/tls"
	"net/http"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/sheaf-dev/sheaf/apitest"
	resources "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// guarded lets readers read.
var guarded = apitest.Options{Auth: apitest.Auth{
	Tokens: map[string]apitest.User{"secret": {Name: "ann", Groups: []string{"readers"}}},
	Allow: func(a apitest.Attributes) bool {
		return a.Verb == "get" || a.Verb == "list" || a.User.Name == "system:serviceaccount:default:robot" || a.Resource.Group == "authorization.k8s.io" || a.Resource.Group == "authentication.k8s.io"
	},
}}

func TestRequestsNeedATokenAndPermission(t *testing.T) {
	inFakeTime(t, guarded, func(t *testing.T, srv *apitest.Server, c client) {
		bearer := []string{"Authorization", "Bearer secret"}
		c.must(401, nil, "GET", configMaps, nil)
		c.must(401, nil, "GET", configMaps, nil, "Authorization", "Bearer other")
		c.must(200, nil, "GET", configMaps, nil, bearer...)
		var status metav1.Status
		c.must(403, &status, "POST", configMaps, configMap("a"), bearer...)
		if status.Reason != metav1.StatusReasonForbidden || status.Message != `configmaps is forbidden: User "ann" cannot create resource "configmaps" in API group "" in the namespace "default"` {
			t.Fatal(status)
		}
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "create", Resource: "pods"}}}
		c.must(201, review, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review, bearer...)
		if review.Status.Allowed {
			t.Fatal(review.Status)
		}
		who := &authenticationv1.SelfSubjectReview{}
		c.must(201, who, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", who, bearer...)
		if who.Status.UserInfo.Username != "ann" {
			t.Fatal(who.Status)
		}
		token := serviceAccountToken(t, srv, c)
		c.must(201, nil, "POST", configMaps, configMap("a"), "Authorization", "Bearer "+token)
	})
}

// serviceAccountToken makes the service account "robot" and asks for a token for it, in its own name.
func serviceAccountToken(t *testing.T, srv *apitest.Server, c client) string {
	t.Helper()
	if err := apitest.In(srv, resources.ServiceAccounts).Put(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "robot"}}); err != nil {
		t.Fatal(err)
	}
	request := &authenticationv1.TokenRequest{}
	c.must(201, request, "POST", "/api/v1/namespaces/default/serviceaccounts/robot/token", request,
		"Authorization", "Bearer secret", "Impersonate-User", "system:serviceaccount:default:robot")
	return request.Status.Token
}

func TestClientsAreKnownByTheirCertificates(t *testing.T) {
	for _, inMemory := range []bool{false, true} {
		srv := apitest.New(apitest.Options{TLS: true, InMemory: inMemory, Auth: apitest.Auth{Certificates: true}}).Start(t)
		c := clientOf(t, srv)
		c.must(401, nil, "GET", configMaps, nil)
		certificate, key := srv.ClientCertificate("bob", "admins")
		pair, err := tls.X509KeyPair(certificate, key)
		if err != nil {
			t.Fatal(err)
		}
		transport := c.http.Transport.(*http.Transport)
		c.http.CloseIdleConnections()
		transport.TLSClientConfig.Certificates = []tls.Certificate{pair}
		who := &authenticationv1.SelfSubjectReview{}
		c.must(201, who, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", who)
		if info := who.Status.UserInfo; info.Username != "bob" || info.Groups[0] != "admins" {
			t.Fatal(info)
		}
	}
}

func TestTheKubeconfigOfASecureServerHasAUser(t *testing.T) {
	srv := apitest.New(apitest.Options{TLS: true, Auth: apitest.Auth{Certificates: true}}).Start(t)
	var file struct {
		Users []struct {
			User struct {
				Certificate []byte `json:"client-certificate-data"`
				Key         []byte `json:"client-key-data"`
			} `json:"user"`
		} `json:"users"`
	}
	if err := yaml.Unmarshal(srv.Kubeconfig(), &file); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(file.Users[0].User.Certificate, file.Users[0].User.Key)
	if err != nil {
		t.Fatal(err)
	}
	c := clientOf(t, srv)
	c.http.Transport.(*http.Transport).TLSClientConfig.Certificates = []tls.Certificate{pair}
	who := &authenticationv1.SelfSubjectReview{}
	c.must(201, who, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", who)
	if info := who.Status.UserInfo; info.Username != "system:admin" || info.Groups[0] != "system:masters" {
		t.Fatal(info)
	}
}

func TestRulesAreListedWhereNoFunctionDecides(t *testing.T) {
	for _, c := range []struct {
		allow func(apitest.Attributes) bool
		rules int
	}{{nil, 1}, {func(apitest.Attributes) bool { return true }, 0}} {
		srv := apitest.New(apitest.Options{Auth: apitest.Auth{Allow: c.allow}}).Start(t)
		review := &authorizationv1.SelfSubjectRulesReview{}
		clientOf(t, srv).must(201, review, "POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", review)
		if s := review.Status; len(s.ResourceRules) != c.rules || len(s.NonResourceRules) != c.rules || s.Incomplete != (c.rules == 0) {
			t.Fatalf("%+v", s)
		}
	}
}
