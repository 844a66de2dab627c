#include "textflag.h"

// SSE2, which every amd64 processor has, compares 16 bytes at a time. PCMPEQB gives 0xff where two bytes are equal, and
// "unsigned x <= limit" is min(x, limit) == x. PMOVMSKB gathers the high bits of the 16 bytes.

#define FILL(name, byte8) \
	DATA name<>+0(SB)/8, byte8; \
	DATA name<>+8(SB)/8, byte8; \
	GLOBL name<>(SB), RODATA|NOPTR, $16

FILL(semicolon, $0x3b3b3b3b3b3b3b3b)
FILL(backslash, $0x5c5c5c5c5c5c5c5c)
FILL(two, $0x0202020202020202)
FILL(space, $0x2020202020202020)
FILL(underscore, $0x5f5f5f5f5f5f5f5f)
FILL(letterA, $0x6161616161616161)
FILL(letters, $0x1919191919191919)
FILL(digit0, $0x3030303030303030)
FILL(digits, $0x0909090909090909)

// CHUNK leaves the masks of the 16 bytes at src in R10 (special) and R11 (name).
#define CHUNK(src) \
	MOVOU    src, X0; \
	MOVO     X0, X1; \
	PCMPEQB  X5, X1; \
	MOVO     X0, X2; \
	PCMPEQB  X6, X2; \
	POR      X2, X1; \
	MOVO     X0, X2; \
	PXOR     X7, X2; \
	MOVO     X2, X3; \
	PMINUB   X8, X3; \
	PCMPEQB  X2, X3; \
	POR      X3, X1; \
	PMOVMSKB X1, R10; \
	MOVO     X0, X1; \
	PCMPEQB  X9, X1; \
	MOVO     X0, X2; \
	POR      X8, X2; \
	PSUBB    X10, X2; \
	MOVO     X2, X3; \
	PMINUB   X11, X3; \
	PCMPEQB  X2, X3; \
	POR      X3, X1; \
	PSUBB    X12, X0; \
	MOVO     X0, X2; \
	PMINUB   X13, X2; \
	PCMPEQB  X0, X2; \
	POR      X2, X1; \
	PMOVMSKB X1, R11

// func masks16(p *byte, n int) (special, name uint64)
// p points to n bytes, 1 to 64, with at least 16-n readable ones before them when n is below 16.
TEXT ·masks16(SB), NOSPLIT, $0-32
	MOVQ  p+0(FP), SI
	MOVQ  n+8(FP), BX
	MOVOU semicolon<>(SB), X5
	MOVOU backslash<>(SB), X6
	MOVOU two<>(SB), X7        // turns '"' into a blank, and control bytes into control bytes
	MOVOU space<>(SB), X8      // also what makes letters lower case
	MOVOU underscore<>(SB), X9
	MOVOU letterA<>(SB), X10
	MOVOU letters<>(SB), X11
	MOVOU digit0<>(SB), X12
	MOVOU digits<>(SB), X13
	XORQ  R8, R8
	XORQ  R9, R9
	XORQ  CX, CX

chunk:
	CMPQ BX, $16
	JLT  tail
	CHUNK((SI))
	SHLQ CX, R10
	SHLQ CX, R11
	ORQ  R10, R8
	ORQ  R11, R9
	ADDQ $16, SI
	ADDQ $16, CX
	SUBQ $16, BX
	JMP  chunk

tail: // less than 16 bytes: look at the last 16, and move out the bits of those that were seen
	TESTQ BX, BX
	JEQ   done
	CHUNK(-16(SI)(BX*1))
	MOVQ  CX, DX
	MOVQ  $16, CX
	SUBQ  BX, CX
	SHRQ  CX, R10
	SHRQ  CX, R11
	MOVQ  DX, CX
	SHLQ  CX, R10
	SHLQ  CX, R11
	ORQ   R10, R8
	ORQ   R11, R9

done:
	MOVQ R8, special+16(FP)
	MOVQ R9, name+24(FP)
	RET
