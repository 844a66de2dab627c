//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "classes_amd64.h"

// pairs with AVX2. The blocks are in Y0, Y1, Y9 and Y10, their classes in Y4, Y5, Y11 and Y12.

FILL(feeds, $0x0a0a0a0a0a0a0a0a)

#define FEED feeds<>(SB)
#define CAPITALS capitals<>(SB)
#define BLANK blank<>(SB)
#define QUOTE quote<>(SB)
#define SEMICOLON semicolon<>(SB)
#define EQUALS equals<>(SB)
#define NOTHING Y14
#define AT_ONCE 4 // names that PUTS writes

#define CONSTANTS \
	VMOVDQU  low<>(SB), LOW; \
	VMOVDQU  high<>(SB), HIGH; \
	VMOVDQU  half<>(SB), HALF; \
	VPXOR    NOTHING, NOTHING, NOTHING; \
	VPCMPEQB Y15, Y15, Y15

#define BOTH_LOADED \
	VMOVDQU 0(SI), Y0; \
	VMOVDQU 32(SI), Y1; \
	VMOVDQU 64(SI), Y9; \
	VMOVDQU 96(SI), Y10

// func pairs(x *index, p *byte, n int) int
TEXT ·pairs(SB), NOSPLIT, $80-32
#include "pairs_amd64.h"
