package presume

import (
	"cmp"
	"slices"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/visit"
)

// Least is how many waits a presumption must be learned from.
const Least = 30

// Several is how many visits the time of a presumed holder must be of.
const Several = 3

// Basis is what a presumption rests on.
type Basis uint8

// The bases, the best one first.
const (
	OfPlace   Basis = iota // waits at this BCP
	OfAll                  // waits at all BCPs
	OfStep                 // waits at all BCPs, whichever agencies had inspected the truck
	Procedure              // the usual procedure; there is no share
	Nothing                // nobody is presumed
)

var basisNames = [...]string{"place", "all_places", "step", "procedure", "nothing"}

func (b Basis) String() string { return basisNames[b] }

// ParseBasis reads the name of a basis.
func ParseBasis(name string) (Basis, bool) {
	i := slices.Index(basisNames[:], name)
	return Basis(max(0, i)), i >= 0
}

// Presumption is who presumably has a truck.
type Presumption struct {
	Basis  Basis
	Holder event.Agency // NoAgency where nobody is presumed
	// Share is that of the holder in the time that such waits spent at this age; 0 where the procedure says it.
	Share float64
	// Second is the holder with the next largest share, NoAgency if no other one had any.
	Second      event.Agency
	SecondShare float64
	// Waits is how many waits lasted into this age.
	Waits int
}

// Table is what was learned. It never changes.
type Table struct {
	rules visit.Rules
	cells map[cellKey]*cell
}

// Version is what was learned at an instant; before the first it is zero, and the procedure alone says who has the trucks.
type Version struct {
	Learned time.Time
	*Table
}

// InForce is the version that holds now, with what became of those before it, by BCP.
type InForce struct {
	Version
	Records map[event.BCP]Report
}

// cellKey is what waits of one cell have in common: NoBCP and no agencies where the basis does not tell these apart.
type cellKey struct {
	basis     Basis
	bcp       event.BCP
	direction event.Direction
	key       Key
	age       int
}

// cellsOf are the cells of a wait, the best basis first.
func cellsOf(b event.BCP, d event.Direction, k Key, age int) [3]cellKey {
	step := k
	step.Done = ""
	return [...]cellKey{{OfPlace, b, d, k, age}, {OfAll, event.NoBCP, d, k, age}, {OfStep, event.NoBCP, d, step, age}}
}

// cell is the waits that lasted into one class of age, and the time that they spent there, by holder.
type cell struct {
	waits  int
	shares []charged // the largest first; of equal ones, that of the first agency by code
}

type charged struct {
	holder event.Agency
	ms     int64
	// visits is of how many visits that time is, and last the number of the last of them; a Learner alone needs these.
	visits, last int
}

// Presume says who has a truck that has waited so many milliseconds net of closed hours.
func (t *Table) Presume(b event.BCP, d event.Direction, k Key, net int64) Presumption {
	return t.presume(b, d, k, AgeOf(net))
}

func (t *Table) presume(b event.BCP, d event.Direction, k Key, age int) Presumption {
	for _, of := range cellsOf(b, d, k, age) {
		if known := t.cells[of]; known != nil && known.waits >= Least {
			return known.presumption(of.basis)
		}
	}
	if holder := procedure(t.rules, k); holder != event.NoAgency {
		return Presumption{Basis: Procedure, Holder: holder}
	}
	return Presumption{Basis: Nothing}
}

func (c *cell) presumption(b Basis) Presumption {
	var all int64
	for _, s := range c.shares {
		all += s.ms
	}
	p := Presumption{Basis: b, Holder: c.shares[0].holder, Share: float64(c.shares[0].ms) / float64(all), Waits: c.waits}
	if len(c.shares) > 1 {
		p.Second, p.SecondShare = c.shares[1].holder, float64(c.shares[1].ms)/float64(all)
	}
	return p
}

func (c *cell) sort() {
	slices.SortFunc(c.shares, func(a, b charged) int {
		return cmp.Or(cmp.Compare(b.ms, a.ms), cmp.Compare(a.holder, b.holder))
	})
}
