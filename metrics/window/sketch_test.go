package window

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestBinsHaveTheBoundsOfTheFormula asks of whole numbers: gamma^(i-1) < ms/1000 <= gamma^i, raised to the 32nd power, is
// 2^(i-1) * 1000^32 < ms^32 <= 2^i * 1000^32.
func TestBinsHaveTheBoundsOfTheFormula(t *testing.T) {
	thousand := new(big.Int).Exp(big.NewInt(1000), big.NewInt(32), nil)
	atMost := func(ms int64, i int) bool {
		left, right := new(big.Int).Exp(big.NewInt(ms), big.NewInt(32), nil), new(big.Int).Set(thousand)
		if i >= 0 {
			right.Lsh(right, uint(i))
		} else {
			left.Lsh(left, uint(-i))
		}
		return left.Cmp(right) <= 0
	}
	f := func(ms int64) {
		t.Helper()
		if i := int(BinOf(ms)); !atMost(ms, i) || atMost(ms, i-1) {
			t.Errorf("%d ms are in bin %d", ms, i)
		}
	}
	for ms := int64(1); ms <= 70_000; ms++ {
		f(ms)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		f(int64(math.Exp(r.Float64() * 30)))
	}
	for power := int64(1000); power < 1<<40; power *= 2 {
		f(power)
		f(power - 1)
		f(power + 1)
	}
	// The nearest whole milliseconds on both sides of every bound up to three years.
	for i := range 32 * 27 {
		bound := int64(1000 * math.Exp2(float64(i)/32))
		f(bound)
		f(bound + 1)
	}
	if BinOf(0) != ZeroBin {
		t.Errorf("no time is in bin %d", BinOf(0))
	}
}
