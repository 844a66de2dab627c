//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "classes_amd64.h"

// pairs with AVX-512. The blocks are in Z0 and Z1, their classes in Z4 and Z5. A comparison makes a word by itself.

FILL(feeds, $0x0a0a0a0a0a0a0a0a)
FILL(last, $0x7f7f7f7f7f7f7f7f)

#define WORD(name, at, word) DATA name<>+at(SB)/8, word

// The classes of classes_amd64.h, for each byte up to the last one that ASCII has; those above are taken for that, which has none.
WORD(classes, 0, $0x2020202020202020)
WORD(classes, 8, $0x2020202020002020)
WORD(classes, 48, $0x1010101010101010)
WORD(classes, 56, $0x0000000000001010)
WORD(classes, 64, $0x0404040404040400)
WORD(classes, 72, $0x0404040404040404)
WORD(classes, 80, $0x0808080808080808)
WORD(classes, 88, $0x0800004000080808)
WORD(classes, 96, $0x0101010101010100)
WORD(classes, 104, $0x0101010101010101)
WORD(classes, 112, $0x0202020202020202)
WORD(classes, 120, $0x0000000000020202)
GLOBL classes<>(SB), RODATA|NOPTR, $128

// The places in a block.
WORD(places, 0, $0x0706050403020100)
WORD(places, 8, $0x0f0e0d0c0b0a0908)
WORD(places, 16, $0x1716151413121110)
WORD(places, 24, $0x1f1e1d1c1b1a1918)
WORD(places, 32, $0x2726252423222120)
WORD(places, 40, $0x2f2e2d2c2b2a2928)
WORD(places, 48, $0x3736353433323130)
WORD(places, 56, $0x3f3e3d3c3b3a3938)
GLOBL places<>(SB), RODATA|NOPTR, $64

#define FEED Z16
#define CAPITALS Z17
#define BLANK Z18
#define QUOTE Z19
#define SEMICOLON Z20
#define EQUALS Z21
#define NOTHING Z22
#define STOPS Z23
#define LAST Z24
#define CLASSES Z25
#define LETTERS Z26 // the classes from 0x40 on
#define PLACES Z27
#define AT_ONCE 8 // names that PUTS writes

#define CONSTANTS \
	VPBROADCASTQ feeds<>(SB), FEED; \
	VPBROADCASTQ capitals<>(SB), CAPITALS; \
	VPBROADCASTQ blank<>(SB), BLANK; \
	VPBROADCASTQ quote<>(SB), QUOTE; \
	VPBROADCASTQ semicolon<>(SB), SEMICOLON; \
	VPBROADCASTQ equals<>(SB), EQUALS; \
	VPBROADCASTQ stops<>(SB), STOPS; \
	VPBROADCASTQ last<>(SB), LAST; \
	VMOVDQU64    classes<>+0(SB), CLASSES; \
	VMOVDQU64    classes<>+64(SB), LETTERS; \
	VMOVDQU64    places<>(SB), PLACES; \
	VPXORD       NOTHING, NOTHING, NOTHING; \
	VPCMPEQB     Y15, Y15, Y15

#define BOTH_LOADED \
	VMOVDQU64 0(SI), Z0; \
	VMOVDQU64 64(SI), Z1

#undef BOTH_CLASSIFIED
#define BOTH_CLASSIFIED \
	VPMINUB  LAST, Z0, Z4; \
	VPMINUB  LAST, Z1, Z5; \
	VPERMI2B LETTERS, CLASSES, Z4; \
	VPERMI2B LETTERS, CLASSES, Z5; \
	VPORD    Z4, Z5, Z2; \
	VPTESTMB STOPS, Z2, K1; \
	KTESTQ   K1, K1

#undef BOTH_ARE
#define BOTH_ARE(constant, first, second) \
	VPCMPEQB constant, Z0, K1; \
	VPCMPEQB constant, Z1, K2; \
	KMOVQ    K1, first; \
	KMOVQ    K2, second

#undef BOTH_ABOVE
#define BOTH_ABOVE(constant, first, second) \
	VPCMPGTB constant, Z4, K1; \
	VPCMPGTB constant, Z5, K2; \
	KMOVQ    K1, first; \
	KMOVQ    K2, second

// PUTS writes where the first eight bits of word are, and takes them away: what is deposited at the bits of word is 0 for the first eight, 1 for
// the others. What is written for those that are not there means nothing. It destroys R14.
#undef PUTS
#define PUTS(word, base, at) \
	KMOVQ         word, K1; \
	VPCOMPRESSB.Z PLACES, K1, Z2; \
	VPMOVZXBD     X2, Y2; \
	VPBROADCASTD  base, Y3; \
	VPADDD        Y2, Y3, Y2; \
	VMOVDQU       Y2, (at); \
	MOVQ          $(-1<<AT_ONCE), R14; \
	PDEPQ         word, R14, word

// func pairs512(x *index, p *byte, n int) int
TEXT ·pairs512(SB), NOSPLIT, $80-32
#include "pairs_amd64.h"

// func hasAVX512() bool
// The processor must have AVX512F, AVX512BW, AVX512VL, AVX512_VBMI and AVX512_VBMI2, and the system must keep all of their registers.
TEXT ·hasAVX512(SB), NOSPLIT, $0-1
	MOVB $0, ret+0(FP)
	XORL CX, CX
	XGETBV
	ANDL $0xe6, AX // of AVX: XMM, YMM; of AVX-512: the masks, the upper halves of ZMM0 to 15, ZMM16 to 31
	CMPL AX, $0xe6
	JNE  no
	MOVL $7, AX
	XORL CX, CX
	CPUID
	ANDL $0xc0010000, BX // AVX512F, AVX512BW, AVX512VL
	CMPL BX, $0xc0010000
	JNE  no
	ANDL $0x42, CX // AVX512_VBMI, AVX512_VBMI2
	CMPL CX, $0x42
	JNE  no
	MOVB $1, ret+0(FP)

no:
	RET
