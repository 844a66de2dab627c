//go:build !purego

#include "textflag.h"

// func cycles() int64
TEXT ·cycles(SB), NOSPLIT, $0-8
	RDTSC
	SHLQ $32, DX
	ORQ  DX, AX
	MOVQ AX, ret+0(FP)
	RET

// func steadyCycles() bool
// The counter must run at one rate whatever the processor does (Intel's manual, volume 3, 18.17.1).
TEXT ·steadyCycles(SB), NOSPLIT, $0-1
	MOVB $0, ret+0(FP)
	MOVL $0x80000000, AX
	CPUID
	CMPL AX, $0x80000007
	JCS  no
	MOVL $0x80000007, AX
	CPUID
	BTL  $8, DX
	JCC  no
	MOVB $1, ret+0(FP)

no:
	RET
