package api

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"github.com/sheaf-dev/sheaf/apitest/internal/kinds"
	"github.com/sheaf-dev/sheaf/apitest/internal/wire"
	"github.com/sheaf-dev/sheaf/resource"
)

// maxBody is the longest request body that is read, as by the real server.
const maxBody = 3 << 20

// readBody reads the request's body.
func (q *request) readBody() ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(q.r.Body, maxBody+1))
	if err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("read the body: %v", err))
	}
	if len(data) > maxBody {
		return nil, apierrors.NewRequestEntityTooLargeError(fmt.Sprintf("limit is %d", maxBody))
	}
	return data, nil
}

// contentType returns the media type of the body without parameters; none is JSON.
func (q *request) contentType() string {
	header := q.r.Header.Get("Content-Type")
	if header == "" {
		return wire.MediaJSON
	}
	media, _, err := mime.ParseMediaType(header)
	if err != nil {
		return header
	}
	return media
}

// bodyFormat returns the format of a body that holds an object.
func (q *request) bodyFormat(k *kinds.Kind) (wire.Format, error) {
	media := q.contentType()
	format, ok := wire.ParseFormat(media)
	if !ok || strings.Contains(media, "patch") || format == wire.Protobuf && !k.Typed() {
		return 0, unsupportedMedia("the body of the request was in an unknown format - accepted media types include: " + strings.Join(q.mediaTypes(), ", "))
	}
	return format, nil
}

func unsupportedMedia(message string) error {
	return plainStatus(http.StatusUnsupportedMediaType, metav1.StatusReasonUnsupportedMediaType, message)
}

// object reads the body as an object of the kind.
func (q *request) object(k *kinds.Kind) (resource.Object, error) {
	format, err := q.bodyFormat(k)
	if err != nil {
		return nil, err
	}
	data, err := q.readBody()
	if err != nil {
		return nil, err
	}
	obj, strict, err := k.Decode(format, data)
	if err != nil {
		return nil, decodeError(k, data, err)
	}
	return obj, q.strictness(k, strict)
}

// decodeError explains a body that is no object of the kind.
func decodeError(k *kinds.Kind, data []byte, err error) error {
	var unrecognized *kinds.UnrecognizedError
	if errors.As(err, &unrecognized) {
		return apierrors.NewBadRequest(fmt.Sprintf("the object provided is unrecognized (must be of type %s): %v (%s)", k.GVK().Kind, err, summarize(data)))
	}
	var wrong *kinds.WrongTypeError
	if errors.As(err, &wrong) {
		if !k.Typed() && wrong.Got.APIVersion == wrong.Want.APIVersion {
			problem := field.Invalid(field.NewPath("kind"), wrong.Got.Kind, "must be "+wrong.Want.Kind)
			return apierrors.NewInvalid(schema.GroupKind{Group: k.GVK().Group, Kind: wrong.Got.Kind}, nameIn(data), field.ErrorList{problem})
		}
		if !k.Typed() {
			return apierrors.NewBadRequest(wrong.Error())
		}
		gv, _ := schema.ParseGroupVersion(wrong.Got.APIVersion)
		return apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: %v", wrong.Got.Kind, gv.Version, k.GVK().Kind, wrong))
	}
	return apierrors.NewBadRequest(cannotBeHandled(k, err.Error()))
}

// nameIn returns the name of the object in a body.
func nameIn(data []byte) string {
	var object metav1.PartialObjectMetadata
	_ = json.Unmarshal(data, &object) // it is of a wrong kind anyway
	return object.Name
}

func cannotBeHandled(k *kinds.Kind, why string) string {
	gvk := k.GVK()
	return fmt.Sprintf("%s in version %q cannot be handled as a %s: %s", gvk.Kind, gvk.Version, gvk.Kind, why)
}

// summarize shows the beginning of a body.
func summarize(data []byte) string {
	const most = 30
	text := hex.EncodeToString(data[:min(len(data), most)])
	switch {
	case len(data) == 0:
		return "<empty>"
	case data[0] == '{':
		text = string(data[:min(len(data), most)])
	}
	if len(data) > most {
		text += " ..."
	}
	return text
}

// strictError is the text of problems that only strict decoding has.
func strictError(problems []error) string {
	texts := make([]string, len(problems))
	for i, p := range problems {
		texts[i] = p.Error()
	}
	return "strict decoding error: " + strings.Join(texts, ", ")
}

// strictness rejects, reports or ignores unknown and duplicate fields, as the request asks.
func (q *request) strictness(k *kinds.Kind, problems []error) error {
	if len(problems) == 0 {
		return nil
	}
	switch q.query.Get("fieldValidation") {
	case metav1.FieldValidationIgnore:
	case metav1.FieldValidationStrict:
		return apierrors.NewBadRequest(cannotBeHandled(k, strictError(problems)))
	default:
		for _, p := range problems {
			q.warn(p.Error())
		}
	}
	return nil
}

// warn adds a warning to the response.
func (q *request) warn(text string) {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	text = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)
	q.w.Header().Add("Warning", `299 - "`+text+`"`)
}

// writeOptions are the parameters of a request that changes something.
type writeOptions struct {
	dryRun  bool
	manager string
	force   bool
}

// writeOptions reads and checks the parameters; kind is the name of the options' type, for errors.
func (q *request) writeOptions(kind string) (writeOptions, error) {
	var o writeOptions
	var problems field.ErrorList
	for _, value := range q.query["dryRun"] {
		if value != metav1.DryRunAll {
			problems = append(problems, field.NotSupported(field.NewPath("dryRun"), q.query["dryRun"], []string{metav1.DryRunAll}))
		}
		o.dryRun = true
	}
	o.manager, o.force = q.query.Get("fieldManager"), isTrue(q.query["force"])
	if len(o.manager) > 128 {
		problems = append(problems, field.TooLong(field.NewPath("fieldManager"), o.manager, 128))
	}
	validation := q.query.Get("fieldValidation")
	if modes := []string{"", metav1.FieldValidationIgnore, metav1.FieldValidationStrict, metav1.FieldValidationWarn}; !slices.Contains(modes, validation) {
		problems = append(problems, field.NotSupported(field.NewPath("fieldValidation"), validation, modes))
	}
	if len(problems) > 0 {
		return o, apierrors.NewInvalid(schema.GroupKind{Group: metav1.GroupName, Kind: kind}, "", problems)
	}
	return o, nil
}

// checkNames compares the names in a body with those of the path, and fills in what the body leaves out.
func (q *request) checkNames(obj resource.Object) error {
	if q.kind.Namespaced() {
		if obj.GetNamespace() == "" {
			obj.SetNamespace(q.Namespace)
		}
		if obj.GetNamespace() != q.Namespace {
			return apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
		}
	} else {
		obj.SetNamespace("")
	}
	if q.Name == "" {
		return nil
	}
	if obj.GetName() == "" {
		return errNameless(q.Name)
	}
	if obj.GetName() != q.Name {
		return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s) does not match the name on the URL (%s)", obj.GetName(), q.Name))
	}
	return nil
}

// decodeOptions reads a DeleteOptions body, whose kind may be given in any group.
func (q *request) decodeOptions(data []byte, options *metav1.DeleteOptions) error {
	format, ok := wire.ParseFormat(q.contentType())
	if !ok {
		return unsupportedMedia("the body of the request was in an unknown format - accepted media types include: " +
			strings.Join([]string{wire.MediaJSON, wire.MediaYAML, wire.MediaProtobuf}, ", "))
	}
	kind := ""
	switch format {
	case wire.Protobuf:
		_, name, raw, err := wire.Unwrap(data)
		if err != nil {
			return err
		}
		if err := options.Unmarshal(raw); err != nil {
			return err
		}
		kind = name
	default:
		if format == wire.YAML {
			var err error
			if data, err = yaml.YAMLToJSON(data); err != nil {
				return err
			}
		}
		if _, _, err := kinds.TypeOf(data); err != nil {
			return err
		}
		if err := json.Unmarshal(data, options); err != nil {
			return err
		}
		kind = options.Kind
	}
	if kind != "" && kind != "DeleteOptions" {
		return fmt.Errorf("no kind %q is registered for version %q in scheme \"pkg/runtime/scheme.go:110\"", kind, options.APIVersion)
	}
	return nil
}

// errNameless: a body that replaces an object must name it.
func errNameless(name string) error {
	return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s based on URL) was undeterminable: name must be provided", name))
}
