package reflector

import "fmt"

// check verifies what holds in every state that follows another one.
func (s state) check(before state, o outcome) error {
	switch {
	case s.phase != Streaming && s.phase != Listing && s.phase != Watching:
		return fmt.Errorf("phase %v is nothing to do", s.phase)
	case s.phase == Streaming && s.noStream:
		return fmt.Errorf("a stream is asked for where streams do not work")
	case before.noStream && !s.noStream:
		return fmt.Errorf("it was forgotten that streams do not work")
	case s.phase == Streaming && s.cuts >= maxCuts:
		return fmt.Errorf("a stream is asked for after %d broke before their end", s.cuts)
	case s.phase == Watching && s.cuts > 0:
		return fmt.Errorf("a watch remembers %d broken streams", s.cuts)
	case s.phase == Listing && s.page < 1:
		return fmt.Errorf("page %d", s.page)
	case s.phase == Listing && (s.page > 1) != (s.token != ""):
		return fmt.Errorf("page %d with token %q", s.page, s.token)
	case s.missing && !s.wait:
		return fmt.Errorf("a missing resource is asked for without a wait")
	case s.phase == Watching && before.phase != Watching && o.class != None:
		return fmt.Errorf("a watch without a full state")
	case s.phase != Watching && s.why == "":
		return fmt.Errorf("the state is read without a reason")
	case s.phase == Watching && s.newest:
		return fmt.Errorf("a watch must resume at a version")
	}
	return nil
}
