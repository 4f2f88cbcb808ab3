package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/sheaf-dev/sheaf/resource"
)

var tokenRequests = resource.Define[*authenticationv1.TokenRequest]("authentication.k8s.io", "v1", "tokenrequests", "TokenRequest", resource.Namespaced, resource.Builtin())

// token issues a token of a service account.
func (q *request) token() error {
	if _, err := q.writeOptions("CreateOptions"); err != nil {
		return err
	}
	tokenRequest, err := bodyOf(q, tokenRequests)
	if err != nil {
		return err
	}
	account, err := q.current()
	if err != nil {
		return err
	}
	seconds := int64(3600)
	if tokenRequest.Spec.ExpirationSeconds != nil {
		seconds = *tokenRequest.Spec.ExpirationSeconds
	}
	if seconds < 600 {
		problem := field.Invalid(field.NewPath("spec", "expirationSeconds"), seconds, "may not specify a duration less than 10 minutes")
		return apierrors.NewInvalid(authenticationv1.SchemeGroupVersion.WithKind("TokenRequest").GroupKind(), "", field.ErrorList{problem})
	}
	now := time.Now().UTC().Truncate(time.Second)
	expires := now.Add(time.Duration(seconds) * time.Second)
	claims := Claims{
		Subject: "system:serviceaccount:" + q.Namespace + ":" + q.Name, UID: string(account.GetUID()), Expires: expires.Unix(), Issued: now.Unix(),
		Issuer: "https://kubernetes.default.svc", Audience: tokenRequest.Spec.Audiences,
	}
	tokenRequest.UID = account.GetUID()
	tokenRequest.CreationTimestamp = metav1.NewTime(now)
	tokenRequest.Spec.ExpirationSeconds = &seconds
	tokenRequest.Status = authenticationv1.TokenRequestStatus{Token: q.api.tokens.issue(claims), ExpirationTimestamp: metav1.NewTime(expires)}
	return answer(q, tokenRequests, http.StatusCreated, tokenRequest)
}

// Claims are the content of a service account's token.
type Claims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience []string `json:"aud,omitempty"`
	Expires  int64    `json:"exp"`
	Issued   int64    `json:"iat"`
	UID      string   `json:"uid"`
}

// tokens issues and reads tokens, which have the form of a JWT signed by a key of the server's own.
type tokens struct{ key []byte }

func (t tokens) sign(text string) string {
	mac := hmac.New(sha256.New, t.key)
	mac.Write([]byte(text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (t tokens) issue(claims Claims) string {
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))
	content, err := json.Marshal(claims)
	if err != nil {
		panic(fmt.Sprintf("apitest: encode a token: %v", err)) // texts and numbers cannot fail
	}
	text := header + "." + base64.RawURLEncoding.EncodeToString(content)
	return text + "." + t.sign(text)
}
