package report

import (
	"cmp"
	"math"
	"slices"
)

// median is 0 of nothing.
func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(x))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// exactUpTo is the largest sum of both sizes for which the exact distribution is counted out.
const exactUpTo = 60

// MannWhitney returns the two-sided probability that samples as different as a and b come from one distribution: exact for
// few samples, with the ties that there are, else by the normal approximation, corrected for ties and continuity. 1 if one
// is empty.
func MannWhitney(a, b []float64) float64 {
	n, m := len(a), len(b)
	if n == 0 || m == 0 {
		return 1
	}
	type value struct {
		x     float64
		first bool
	}
	var all []value
	for _, x := range a {
		all = append(all, value{x, true})
	}
	for _, x := range b {
		all = append(all, value{x, false})
	}
	slices.SortFunc(all, func(p, q value) int { return cmp.Compare(p.x, q.x) })
	sum, ties := 0, 0.0               // of the ranks of a
	twice := make([]int, 0, len(all)) // ranks: those of ties are their mean
	for i := 0; i < len(all); {
		k := i
		for k < len(all) && all[k].x == all[i].x {
			k++
		}
		rank := i + 1 + k // twice the mean of i+1 … k
		for _, v := range all[i:k] {
			twice = append(twice, rank)
			if v.first {
				sum += rank
			}
		}
		t := float64(k - i)
		ties += t*t*t - t
		i = k
	}
	total := n + m
	if total <= exactUpTo {
		return exact(twice, n, sum)
	}
	variance := float64(n*m) / 12 * (float64(total+1) - ties/float64(total*(total-1)))
	if variance <= 0 {
		return 1
	}
	z := max(0, math.Abs(float64(sum-n*(total+1))/2)-0.5) / math.Sqrt(variance)
	return min(1, math.Erfc(z/math.Sqrt2))
}

// exact is the share of all choices of n of the ranks whose sum is as far from the mean, or farther. Ranks are given twice
// as high as they are, so that all are whole numbers.
func exact(twice []int, n, sum int) float64 {
	highest := 0
	for _, r := range twice {
		highest += r
	}
	ways := make([][]float64, n+1) // ways[k][s] counts the choices of k with the sum s
	for k := range ways {
		ways[k] = make([]float64, highest+1)
	}
	ways[0][0] = 1
	for i, r := range twice {
		for k := min(n, i+1); k >= 1; k-- {
			for s := highest; s >= r; s-- {
				ways[k][s] += ways[k-1][s-r]
			}
		}
	}
	mean := n * (len(twice) + 1)
	far, total := 0.0, 0.0
	for s, w := range ways[n] {
		total += w
		if max(s-mean, mean-s) >= max(sum-mean, mean-sum) {
			far += w
		}
	}
	return far / total
}

// LeastP is the smallest probability that MannWhitney can return for n and m samples. Where it is Alpha or more, these are too few
// for any difference to be significant.
func LeastP(n, m int) float64 {
	if n == 0 || m == 0 {
		return 1
	}
	p := 2.0
	for k := 1; k <= n; k++ {
		p *= float64(k) / float64(m+k)
	}
	return min(1, p)
}
