package reflector

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestWhatAListAsksFor is a table: a state, the user's page size, and the request.
func TestWhatAListAsksFor(t *testing.T) {
	first := initial(true)
	again := first.after(outcome{version: "7"}).after(outcome{class: Expired})
	const notOlder = metav1.ResourceVersionMatchNotOlderThan
	for _, test := range []struct {
		name  string
		state state
		page  int64
		want  metav1.ListOptions
	}{
		{"the first list leaves it to the server's cache, and offers pages of 500", first, 0, metav1.ListOptions{ResourceVersion: "0", Limit: 500}},
		{"a user's page size asks for the newest state", first, 50, metav1.ListOptions{Limit: 50}},
		{"a further page has its token and no version", first.after(outcome{version: "7", token: "t"}), 0, metav1.ListOptions{Limit: 500, Continue: "t"}},
		{"after an expired token the list is read in one piece", first.after(outcome{version: "7", token: "t"}).after(outcome{class: Expired}), 0, metav1.ListOptions{ResourceVersion: "0"}},
		{"a version that is too large leads to the newest", first.after(outcome{class: TooLarge}), 0, metav1.ListOptions{Limit: 500}},
		{"reading again asks for what was applied, or newer", again, 0, metav1.ListOptions{ResourceVersion: "7", ResourceVersionMatch: notOlder}},
		{"reading again in a user's pages", again, 50, metav1.ListOptions{ResourceVersion: "7", ResourceVersionMatch: notOlder, Limit: 50}},
		{"reading again what is expired leads to the newest", again.after(outcome{class: Expired}), 0, metav1.ListOptions{Limit: 500}},
	} {
		if have := test.state.listOptions(test.page); have.String() != test.want.String() {
			t.Errorf("%s:\n have %+v\n want %+v", test.name, have, test.want)
		}
	}
}
