package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/internal/decode"
)

const (
	errorBodyLimit = 1 << 20 // bytes of an error's body that are read
	excerptLimit   = 256     // bytes of a body that is no Status that are shown
)

// refused turns an answer that is no success into an *apierrors.StatusError, and closes its body.
func (r *Request) refused(ctx context.Context, resp *http.Response) error {
	r.warn(ctx, resp)
	data, _ := io.ReadAll(io.LimitReader(resp.Body, errorBodyLimit))
	discard(resp)
	r.logBody(ctx, "response", data)
	var err *apierrors.StatusError
	if status, ok := decode.Status(resp.Header.Get("Content-Type"), data); ok && status.Status != metav1.StatusSuccess && resp.StatusCode >= 400 {
		err = &apierrors.StatusError{ErrStatus: *status}
		if err.ErrStatus.Code == 0 {
			err.ErrStatus.Code = int32(resp.StatusCode)
		}
	} else {
		err = r.foreign(resp, data)
	}
	r.complete(&err.ErrStatus, resp)
	return err
}

// complete adds what the header says and, where the server says too little, where the request went.
func (r *Request) complete(status *metav1.Status, resp *http.Response) {
	if wait, ok := retryAfter(resp.Header, time.Now()); ok && wait > 0 {
		if status.Details == nil {
			status.Details = &metav1.StatusDetails{}
		}
		if status.Details.RetryAfterSeconds == 0 {
			status.Details.RetryAfterSeconds = int32((wait + time.Second - 1) / time.Second)
		}
	}
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		status.Message = fmt.Sprintf("the server %s did not accept the credentials: %s (%s %s)",
			r.client.shared.base.Host, orStatus(status.Message, resp), r.method, r.shown())
	case http.StatusForbidden:
		r.locate(status, resp)
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		if status.Details == nil || status.Details.Name == "" { // it is not an object that is missing, but the resource
			r.locate(status, resp)
		}
	}
}

// locate adds where the request went, unless that is said already.
func (r *Request) locate(status *metav1.Status, resp *http.Response) {
	if !strings.Contains(status.Message, r.shown()) {
		status.Message = fmt.Sprintf("%s (%s %s)", orStatus(status.Message, resp), r.method, r.shown())
	}
}

func orStatus(message string, resp *http.Response) string {
	if message == "" {
		return http.StatusText(resp.StatusCode)
	}
	return message
}

// foreign makes a status of an answer that is none: a proxy's page, a redirect, or garbage.
func (r *Request) foreign(resp *http.Response, data []byte) *apierrors.StatusError {
	resource := metav1.StatusDetails{Name: r.path.name, Kind: r.path.resource}
	message := fmt.Sprintf("%s %s: the server answered %s", r.method, r.shown(), statusLine(resp))
	switch {
	case resp.StatusCode < 400:
		message += redirection(resp)
	case len(data) > 0:
		message += ", which is no Kubernetes status, but " + describe(resp.Header.Get("Content-Type"), data)
	}
	resource.Causes = []metav1.StatusCause{{Type: metav1.CauseTypeUnexpectedServerResponse, Message: excerpt(data)}}
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status:  metav1.StatusFailure,
		Code:    int32(resp.StatusCode),
		Reason:  reasonOf(resp.StatusCode),
		Details: &resource,
		Message: message,
	}}
}

func statusLine(resp *http.Response) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode)))
}

// redirection says where a redirect would have led. The target's query is left out: it may hold tokens of a login.
func redirection(resp *http.Response) string {
	to, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || resp.Header.Get("Location") == "" {
		return ", which an API server does not do"
	}
	to.RawQuery, to.Fragment, to.User = "", "", nil
	return fmt.Sprintf(" to %s: redirects are not followed; is this the API server's own URL?", to)
}

// reasonOf is the reason that an API server gives with a status code.
func reasonOf(code int) metav1.StatusReason {
	reasons := map[int]metav1.StatusReason{
		http.StatusBadRequest:            metav1.StatusReasonBadRequest,
		http.StatusUnauthorized:          metav1.StatusReasonUnauthorized,
		http.StatusForbidden:             metav1.StatusReasonForbidden,
		http.StatusNotFound:              metav1.StatusReasonNotFound,
		http.StatusMethodNotAllowed:      metav1.StatusReasonMethodNotAllowed,
		http.StatusNotAcceptable:         metav1.StatusReasonNotAcceptable,
		http.StatusConflict:              metav1.StatusReasonConflict,
		http.StatusGone:                  metav1.StatusReasonGone,
		http.StatusRequestEntityTooLarge: metav1.StatusReasonRequestEntityTooLarge,
		http.StatusUnsupportedMediaType:  metav1.StatusReasonUnsupportedMediaType,
		http.StatusUnprocessableEntity:   metav1.StatusReasonInvalid,
		http.StatusTooManyRequests:       metav1.StatusReasonTooManyRequests,
		http.StatusServiceUnavailable:    metav1.StatusReasonServiceUnavailable,
		http.StatusGatewayTimeout:        metav1.StatusReasonTimeout,
	}
	if reason, ok := reasons[code]; ok {
		return reason
	}
	if code >= 500 {
		return metav1.StatusReasonInternalError
	}
	return metav1.StatusReasonUnknown
}

// describe says what a body is, in a few words.
func describe(contentType string, data []byte) string {
	if contentType == "" {
		contentType = "without a content type"
	}
	return fmt.Sprintf("%s: %q", contentType, excerpt(data))
}

// excerpt is the beginning of a body, on one line.
func excerpt(data []byte) string {
	cut := len(data) > excerptLimit
	if cut {
		data = data[:excerptLimit]
	}
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(data), string(utf8.RuneError))), " ")
	if cut {
		text += "…"
	}
	return text
}

// failed explains why there was no answer.
func (r *Request) failed(err error) error {
	return fmt.Errorf("%s %s: %s%w", r.method, r.shown(), r.client.shared.hint(err), err)
}

// hint says in plain words what the usual transport errors mean.
func (s *shared) hint(err error) string {
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var network *net.OpError
	switch {
	case errors.As(err, &network) && network.Op == "proxyconnect": // which is about another certificate than the server's
		return ""
	case errors.As(err, &authority):
		return fmt.Sprintf("the server's certificate is not signed by anyone trusted (%s): ", s.trusting)
	case errors.As(err, &hostname), errors.As(err, &invalid):
		return "the server's certificate is not good: "
	case refusedCertificate(err):
		return "the server does not accept the client certificate: "
	case neverEstablished(err):
		return "the server ended the connection at once; is there a client certificate that it accepts? "
	case errors.As(err, &record):
		return "the server does not speak TLS there: "
	}
	return ""
}

// trusting names the authorities that a configuration trusts.
func (t *TLSConfig) trusting() string {
	if t.CAFile == "" && len(t.CAData) == 0 {
		return "trusted: the system's authorities"
	}
	return "trusted: " + t.name(t.CAData, t.CAFile, "CA")
}
