package event

import (
	"fmt"
	"slices"
)

// BCP is the code of a border crossing point within one Vocabulary; NoBCP is none.
type BCP uint16

// NoBCP is the code of no BCP.
const NoBCP BCP = 0

// Agency is the code of an agency, or of another holder of a truck, within one Vocabulary. Codes order as names do.
type Agency uint16

// NoAgency is the code of no agency.
const NoAgency Agency = 0

// The holders that are not agencies. They may not be configured as agencies.
const (
	CarrierName = "carrier"
	TraderName  = "trader"
	UnknownName = "unknown"
	// CustomsName is the agency that assigns channels and releases trucks; every list of agencies has it.
	CustomsName = "customs"
)

// Vocabulary turns the ids of the configured BCPs and agencies into small codes and back. It never changes once made,
// so every shard of a process may read it. A code is not stable between configurations: tables hold names.
type Vocabulary struct {
	bcps     []string
	agencies []string
	bcpOf    map[string]BCP
	agencyOf map[string]Agency

	// Customs, Carrier, Trader and UnknownHolder are the codes of the holders that the rules name.
	Customs, Carrier, Trader, UnknownHolder Agency
}

// NewVocabulary makes the vocabulary of these BCP ids and agency codes. Agencies are ordered by name, so the order in
// which they are configured has no effect.
func NewVocabulary(bcps, agencies []string) (*Vocabulary, error) {
	v := &Vocabulary{bcpOf: map[string]BCP{}, agencyOf: map[string]Agency{}, bcps: []string{""}, agencies: []string{""}}
	for _, id := range bcps {
		if id == "" {
			return nil, fmt.Errorf("bcp id is empty")
		}
		if _, twice := v.bcpOf[id]; twice {
			return nil, fmt.Errorf("bcp %q is listed twice", id)
		}
		v.bcpOf[id] = BCP(len(v.bcps))
		v.bcps = append(v.bcps, id)
	}
	reserved := []string{CarrierName, TraderName, UnknownName}
	for _, a := range agencies {
		if a == "" {
			return nil, fmt.Errorf("agency code is empty")
		}
		if slices.Contains(reserved, a) {
			return nil, fmt.Errorf("agency %q is a reserved holder", a)
		}
	}
	if !slices.Contains(agencies, CustomsName) {
		return nil, fmt.Errorf("agencies lack %q, which assigns channels and releases trucks", CustomsName)
	}
	all := append(slices.Clone(agencies), reserved...)
	slices.Sort(all)
	for _, a := range all {
		if _, twice := v.agencyOf[a]; twice {
			return nil, fmt.Errorf("agency %q is listed twice", a)
		}
		v.agencyOf[a] = Agency(len(v.agencies))
		v.agencies = append(v.agencies, a)
	}
	v.Customs, v.Carrier = v.agencyOf[CustomsName], v.agencyOf[CarrierName]
	v.Trader, v.UnknownHolder = v.agencyOf[TraderName], v.agencyOf[UnknownName]
	return v, nil
}

// BCP returns the code of a BCP id.
func (v *Vocabulary) BCP(id []byte) (BCP, bool) {
	b, ok := v.bcpOf[string(id)]
	return b, ok
}

// BCPName returns the id of a code.
func (v *Vocabulary) BCPName(b BCP) string { return v.bcps[b] }

// BCPs lists the codes in the order in which the ids were given.
func (v *Vocabulary) BCPs() []BCP {
	all := make([]BCP, 0, len(v.bcps)-1)
	for i := 1; i < len(v.bcps); i++ {
		all = append(all, BCP(i))
	}
	return all
}

// Agency returns the code of a configured agency. The other holders are not agencies: see Holder.
func (v *Vocabulary) Agency(name []byte) (Agency, bool) {
	a, ok := v.agencyOf[string(name)]
	if !ok || a == v.Carrier || a == v.Trader || a == v.UnknownHolder {
		return NoAgency, false
	}
	return a, true
}

// Holder returns the code of an agency, of the carrier, of the trader, or of the unknown holder.
func (v *Vocabulary) Holder(name []byte) (Agency, bool) {
	a, ok := v.agencyOf[string(name)]
	return a, ok
}

// Holders lists the codes of all holders, in the order of their names.
func (v *Vocabulary) Holders() []Agency {
	all := make([]Agency, 0, len(v.agencies)-1)
	for i := 1; i < len(v.agencies); i++ {
		all = append(all, Agency(i))
	}
	return all
}

// HolderName returns the name of a code.
func (v *Vocabulary) HolderName(a Agency) string { return v.agencies[a] }
