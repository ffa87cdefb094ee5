package event

// The codes of words in stored facts. They never change, and the code of a removed word is not reused: testdata/codes has all that
// were ever given. Types have theirs in the table of types. Code 0 is that of no word.
var (
	directionCodes = [...]uint8{Inbound: 1, Outbound: 2}
	channelCodes   = [...]uint8{Green: 1, Yellow: 2, Red: 3, Blue: 4}
	regimeCodes    = [...]uint8{Import: 1, Export: 2, Transit: 3, Empty: 4}
	kindCodes      = [...]uint8{Document: 1, Scan: 2, Weighbridge: 3, Physical: 4, SPS: 5, ImmigrationSecurity: 6}
	resultCodes    = [...]uint8{Conformant: 1, NonConformant: 2}
)

// Code is the type in stored facts.
func (t Type) Code() uint8 { return types[t].code }

// Code is the direction in stored facts.
func (d Direction) Code() uint8 { return directionCodes[d] }

// Code is the channel in stored facts.
func (c Channel) Code() uint8 { return channelCodes[c] }

// Code is the regime in stored facts.
func (r Regime) Code() uint8 { return regimeCodes[r] }

// Code is the kind in stored facts.
func (k InspectionKind) Code() uint8 { return kindCodes[k] }

// Code is the result in stored facts.
func (r Result) Code() uint8 { return resultCodes[r] }

// TypeOfCode is the type with this code in stored facts; ok is false if no type has it.
func TypeOfCode(code uint64) (_ Type, ok bool) {
	if code >= uint64(len(typeOfCode)) {
		return NoType, false
	}
	t := typeOfCode[code]
	return t, t != NoType
}

var typeOfCode = func() (all [256]Type) {
	for t := range types {
		all[types[t].code] = Type(t)
	}
	return all
}()

// DirectionOfCode is the direction with this code in stored facts; ok is false if no word has it.
func DirectionOfCode(code uint64) (_ Direction, ok bool) {
	return ofCode[Direction](directionCodes[:], code)
}

// ChannelOfCode is the channel with this code in stored facts; ok is false if no word has it.
func ChannelOfCode(code uint64) (_ Channel, ok bool) { return ofCode[Channel](channelCodes[:], code) }

// RegimeOfCode is the regime with this code in stored facts; ok is false if no word has it.
func RegimeOfCode(code uint64) (_ Regime, ok bool) { return ofCode[Regime](regimeCodes[:], code) }

// InspectionKindOfCode is the kind with this code in stored facts; ok is false if no word has it.
func InspectionKindOfCode(code uint64) (_ InspectionKind, ok bool) {
	return ofCode[InspectionKind](kindCodes[:], code)
}

// ResultOfCode is the result with this code in stored facts; ok is false if no word has it.
func ResultOfCode(code uint64) (_ Result, ok bool) { return ofCode[Result](resultCodes[:], code) }

// ofCode finds a code. Code 0 is at index 0, which is no word.
func ofCode[T ~uint8](codes []uint8, code uint64) (T, bool) {
	for i, c := range codes {
		if uint64(c) == code {
			return T(i), true
		}
	}
	return 0, false
}
