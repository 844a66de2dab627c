#include "textflag.h"

// Each constant fills a register of AVX2: 32 bytes are looked at at once. VPCMPEQB gives 0xff where two bytes are equal, and
// "unsigned x <= limit" is min(x, limit) == x. VPMOVMSKB gathers the high bits of the 32 bytes.

#define FILL(name, byte8) \
	DATA name<>+0(SB)/8, byte8; \
	DATA name<>+8(SB)/8, byte8; \
	DATA name<>+16(SB)/8, byte8; \
	DATA name<>+24(SB)/8, byte8; \
	GLOBL name<>(SB), RODATA|NOPTR, $32

FILL(semicolon, $0x3b3b3b3b3b3b3b3b)
FILL(quote, $0x2222222222222222)
FILL(equals, $0x3d3d3d3d3d3d3d3d)
FILL(space, $0x2020202020202020)
FILL(backslash, $0x5c5c5c5c5c5c5c5c)
FILL(control, $0x1f1f1f1f1f1f1f1f)
FILL(underscore, $0x5f5f5f5f5f5f5f5f)
FILL(letterA, $0x6161616161616161)
FILL(letters, $0x1919191919191919)
FILL(digit0, $0x3030303030303030)
FILL(digits, $0x0909090909090909)

// CLASSIFY leaves the marks of 32 bytes in eight registers.
#define CLASSIFY(src, name, digit, lower, equal, semi, quot, blank, stop) \
	VMOVDQU   src, Y0; \
	VPCMPEQB  semicolon<>(SB), Y0, Y1; \
	VPMOVMSKB Y1, semi; \
	VPCMPEQB  quote<>(SB), Y0, Y2; \
	VPMOVMSKB Y2, quot; \
	VPCMPEQB  equals<>(SB), Y0, Y3; \
	VPMOVMSKB Y3, equal; \
	VMOVDQU   space<>(SB), Y7; \
	VPCMPEQB  Y7, Y0, Y4; \
	VPMOVMSKB Y4, blank; \
	VPCMPEQB  backslash<>(SB), Y0, Y5; \
	VPMINUB   control<>(SB), Y0, Y6; \
	VPCMPEQB  Y0, Y6, Y6; \
	VPOR      Y5, Y6, Y5; \
	VPMOVMSKB Y5, stop; \
	VPSUBB    digit0<>(SB), Y0, Y1; \
	VPMINUB   digits<>(SB), Y1, Y2; \
	VPCMPEQB  Y1, Y2, Y1; \
	VPMOVMSKB Y1, digit; \
	VPOR      Y7, Y0, Y2; \
	VPSUBB    letterA<>(SB), Y2, Y2; \
	VPMINUB   letters<>(SB), Y2, Y3; \
	VPCMPEQB  Y2, Y3, Y2; \
	VPOR      Y1, Y2, Y1; \
	VPSLLW    $2, Y0, Y3; \
	VPAND     Y2, Y3, Y3; \
	VPMOVMSKB Y3, lower; \
	VPCMPEQB  underscore<>(SB), Y0, Y4; \
	VPOR      Y1, Y4, Y1; \
	VPMOVMSKB Y1, name

// JOIN adds the marks of the second 32 bytes.
#define JOIN(high, at) \
	SHLQ $32, high; \
	ORQ  high, at

// func marks64(p *[64]byte, m *marks)
TEXT ·marks64(SB), NOSPLIT, $0-16
	MOVQ p+0(FP), SI
	MOVQ m+8(FP), DI
	CLASSIFY((SI), R8, R9, R10, R11, R12, R13, AX, BX)
	MOVQ R8, 0(DI)
	MOVQ R9, 8(DI)
	MOVQ R10, 16(DI)
	MOVQ R11, 24(DI)
	MOVQ R12, 32(DI)
	MOVQ R13, 40(DI)
	MOVQ AX, 48(DI)
	MOVQ BX, 56(DI)
	CLASSIFY(32(SI), R8, R9, R10, R11, R12, R13, AX, BX)
	VZEROUPPER
	JOIN(R8, 0(DI))
	JOIN(R9, 8(DI))
	JOIN(R10, 16(DI))
	JOIN(R11, 24(DI))
	JOIN(R12, 32(DI))
	JOIN(R13, 40(DI))
	JOIN(AX, 48(DI))
	JOIN(BX, 56(DI))
	RET

// func hasAVX2() bool
// The processor must have it, and the system must keep the upper halves of its registers (Intel's manual, volume 1, 14.3).
TEXT ·hasAVX2(SB), NOSPLIT, $0-1
	MOVB $0, ret+0(FP)
	XORL AX, AX
	CPUID
	CMPL AX, $7
	JLT  no
	MOVL $1, AX
	XORL CX, CX
	CPUID
	ANDL $0x18000000, CX // AVX, and XGETBV may be used
	CMPL CX, $0x18000000
	JNE  no
	XORL CX, CX
	XGETBV
	ANDL $6, AX
	CMPL AX, $6
	JNE  no
	MOVL $7, AX
	XORL CX, CX
	CPUID
	SHRL $5, BX
	ANDL $1, BX
	MOVB BX, ret+0(FP)

no:
	RET
