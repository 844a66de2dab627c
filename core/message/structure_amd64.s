//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "classes_amd64.h"

// This is the scan that index.go explains, for processors with AVX2 and BMI2. A block is 64 bytes in Y0 and Y1; what is found in
// it is a word with a bit for each byte. For most texts pairs has done the same before.

FILL(feed, $0x0a0a0a0a0a0a0a0a)
FILL(digits, $0x1010101010101010)
FILL(less, $0x3c3c3c3c3c3c3c3c)

// What ends or complicates a value has a lower half that no other of its kind has, but for control bytes, which are below 0x10: here it is found
// by that. A byte from 0x80 on finds 0.
TABLE(special, $0x0000000000220000, $0x0000005c3b000000)

GLOBL nothing<>(SB), RODATA|NOPTR, $64 // what is read of no text

#define CAPITALS Y9
#define EQUALS Y10
#define SEMICOLON Y11
#define QUOTE Y12
#define BLANK Y13
#define NOTHING Y14
#define ONES Y15

// BEHIND moves bits to the bytes behind theirs; the one that leaves the word enters the next. It destroys word.
#define BEHIND(word, carry, to) \
	MOVBLZX carry(DI), to; \
	LEAQ    (to)(word*2), to; \
	SHRQ    $63, word; \
	MOVB    word, carry(DI)

// ENDS finds the bytes behind the runs that begin at the bits of word, or go on from the block before.
#define ENDS(run, carry, word) \
	SHRB  $1, carry(DI); \
	ADCQ  run, word; \
	SETCS carry(DI); \
	ANDNQ word, run, word

// func structure(x *index, p *byte, n, last int) bool
TEXT ·structure(SB), NOSPLIT, $0-33
	MOVQ     x+0(FP), DI
	MOVQ     p+8(FP), SI
	MOVQ     n+16(FP), CX
	LEAQ     nothing<>(SB), AX
	TESTQ    CX, CX
	CMOVQEQ  AX, SI
	VMOVDQU  low<>(SB), LOW
	VMOVDQU  high<>(SB), HIGH
	VMOVDQU  half<>(SB), HALF
	VMOVDQU  capitals<>(SB), CAPITALS
	VMOVDQU  equals<>(SB), EQUALS
	VMOVDQU  semicolon<>(SB), SEMICOLON
	VMOVDQU  quote<>(SB), QUOTE
	VMOVDQU  blank<>(SB), BLANK
	VPXOR    NOTHING, NOTHING, NOTHING
	VPCMPEQB ONES, ONES, ONES
	XORL     BX, BX
	MOVQ     BX, index_feed(DI)

block:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	CLASSIFY(Y0, Y4)
	CLASSIFY(Y1, Y5)
	XORL    BX, BX
	VPOR    Y4, Y5, Y2
	VPTEST  stops<>(SB), Y2
	JNE     stopped

marks:
	ABOVE(NOTHING, Y4, Y5, R8)
	ABOVE(CAPITALS, Y4, Y5, R9)
	IS(EQUALS, Y0, Y1, R10)
	IS(SEMICOLON, Y0, Y1, R11)
	IS(QUOTE, Y0, Y1, R12)
	IS(BLANK, Y0, Y1, R13)
	IS(feed<>(SB), Y0, Y1, AX)
	MOVQ AX, R15
	BEHIND(R15, index_line, R14)
	CMPQ CX, $64
	JLT  tail

lines:
	// R14: where lines begin. R15: where the commands at their beginning end.
	ORQ     index_feed(DI), AX
	MOVQ    R14, R15
	MOVBLZX index_command(DI), DX
	SHRL    $1, DX
	ADCQ    R9, R15
	SETCS   DX
	ANDNQ   R15, R9, R15

	// Where the head of a line is but a command, it ends there.
	MOVQ  R13, R9
	ORQ   AX, R9
	NOTQ  R9
	TESTQ R9, R15
	JNE   addressed
	CMPB  index_addressed(DI), $0
	JNE   addressed

body:
	// R15: where heads end. R9: what is in quotes, and the opening ones.
	MOVB       DX, index_command(DI)
	INSIDE(R12, R9)
	XORQ       index_inside(DI), R9
	MOVQ       R9, R14
	SARQ       $63, R14
	MOVQ       R14, index_inside(DI)

	// DX: semicolons between parameters. R14: where their names begin. R15: where those end.
	ANDNQ R11, R9, DX
	ANDQ  R13, R15
	ORQ   DX, R15
	BEHIND(R15, index_body, R14)
	WRONG(R14, R8, R15)
	MOVQ  R14, R15
	ENDS(R8, index_name, R15)
	MOVQ  R14, R8
	WRONG(R15, R10, R10)

	// R14: opening quotes, which stand behind '='. R12: closing ones.
	BEHIND(R15, index_equals, R10)
	MOVQ R12, R14
	ANDQ R9, R14
	XORQ R14, R12
	WRONG(R14, R10, R10)

	// R10: closing quotes with neither a blank before them nor a semicolon inside: they are not needed.
	MOVQ R14, R15
	BEHIND(R15, index_opening, R10)
	ORQ  R11, R14
	ANDNQ R9, R14, R14
	ENDS(R14, index_plain, R10)
	ANDQ R12, R10
	BEHIND(R13, index_blank, R14)
	WRONG(R10, R14, R10)

	// A blank stands before an end, a quote is open at the end of a line, or text follows a closing quote.
	ORQ  AX, DX
	ANDQ DX, R14
	ORQ  R14, BX
	ANDQ AX, R9
	ORQ  R9, BX
	BEHIND(R12, index_closing, R14)
	WRONG(R14, DX, R14)
	TESTQ BX, BX
	JNE   wrong

write:
	// Loops would be guessed wrong too often: what blocks usually have is written without, and more than that they have.
	MOVQ    index_at(DI), R9
	MOVQ    index_names(DI), R12
	POPCNTQ R8, R10
	JEQ     few

some:
	ADDQ    R12, R10
	CMPQ    R10, index_nameRoom(DI)
	JHI     stop
	MOVQ    index_lines(DI), R11
	POPCNTQ AX, R15
	ADDQ    R11, R15
	CMPQ    R15, index_lineRoom(DI)
	JHI     stop
	MOVQ    R10, index_names(DI)
	MOVQ    R15, index_lines(DI)
	MOVQ    index_name0(DI), R10
	LEAQ    (R10)(R12*4), R10
	MOVQ    R8, R15

names:
	PUTS(R15, R9, R10)
	ADDQ  $16, R10
	TESTQ R15, R15
	JNE   names
	MOVQ  index_line0(DI), R10
	LEAQ  (R10)(R11*8), R11

ends:
	LINE(AX, R8, R12, R9, 0, R11)
	LINE(AX, R8, R12, R9, 8, R11)
	ADDQ  $16, R11
	TESTQ AX, AX
	JNE   ends

	TESTQ BX, BX
	JNE   stop

next:
	ADDQ  $64, SI
	ADDQ  $64, index_at(DI)
	SUBQ  $64, CX

more:
	JGT   block
	JLT   all
	CMPQ  last+24(FP), $0
	JNE   block

all:
	MOVB $1, ret+32(FP)
	VZEROUPPER
	RET

stop:
	MOVB $0, ret+32(FP)
	VZEROUPPER
	RET

few:
	// Where no name begins and no line ends, it may be the middle of a long value.
	TESTQ AX, AX
	JNE   some
	TESTQ BX, BX
	JNE   stop
	MOVB  index_line(DI), R13
	ORB   index_sent(DI), R13
	ORB   index_body(DI), R13
	ORB   index_equals(DI), R13
	ORB   index_opening(DI), R13
	ORB   index_closing(DI), R13
	ORB   index_command(DI), R13
	ORB   index_sender(DI), R13
	ORB   index_head(DI), R13
	ORB   index_name(DI), R13
	JNE   next

	// In a value a block means nothing that has no byte which could end it.
	VMOVDQU special<>(SB), Y5

value:
	ADDQ     $64, SI
	ADDQ     $64, R9
	SUBQ     $64, CX
	CMPQ     CX, $64
	JLT      ended
	VMOVDQU  (SI), Y0
	VMOVDQU  32(SI), Y1
	VPMINUB  Y0, Y1, Y2
	VPMINUB  HALF, Y2, Y3
	VPCMPEQB Y2, Y3, Y2
	VPSHUFB  Y0, Y5, Y3
	VPCMPEQB Y0, Y3, Y3
	VPSHUFB  Y1, Y5, Y4
	VPCMPEQB Y1, Y4, Y4
	VPOR     Y2, Y3, Y2
	VPOR     Y2, Y4, Y2
	VPTEST   Y2, Y2
	JEQ      value

ended:
	// The last byte may have been a blank.
	MOVQ  R9, index_at(DI)
	CMPB  -1(SI), $0x20
	SETEQ index_blank(DI)
	TESTQ CX, CX
	JMP   more

wrong:
	// Lines are good that end before the first mistake.
	BLSIQ BX, R9
	DECQ  R9
	ANDQ  R9, AX
	JMP   write

tail:
	// What is behind the end means nothing. The last line may end there.
	BZHIQ CX, R8, R8
	BZHIQ CX, R9, R9
	BZHIQ CX, R10, R10
	BZHIQ CX, R11, R11
	BZHIQ CX, R12, R12
	BZHIQ CX, R13, R13
	BZHIQ CX, R14, R14
	BZHIQ CX, AX, AX
	BZHIQ CX, BX, BX
	MOVQ  last+24(FP), R15
	SHLXQ CX, R15, R15
	MOVQ  R15, index_feed(DI)
	JMP   lines

stopped:
	ABOVE(digits<>(SB), Y4, Y5, BX)
	JMP marks

addressed:
	// Some head is more than a command: it goes on until the first blank, or the second if it begins with '<'.
	MOVQ R14, index_starts(DI)
	IS(less<>(SB), Y0, Y1, R15)
	ANDQ index_starts(DI), R15
	XORQ R15, index_starts(DI)
	MOVB $1, index_mixed(DI)
	ENDS(R9, index_sender, R15)
	MOVQ R15, R14
	ANDQ AX, R14
	ORQ  R14, BX
	ANDQ R13, R15
	BEHIND(R15, index_sent, R14)
	MOVB R15, index_addressed(DI)
	ORQ  index_starts(DI), R14
	MOVB index_command(DI), R15
	ORB  R15, index_head(DI)
	MOVQ R14, R15
	ENDS(R9, index_head, R15)
	MOVB index_sender(DI), R14
	ORB  index_head(DI), R14
	ORB  R14, index_addressed(DI)
	JMP  body

// func hasAVX2() bool
// The processor must have AVX2, BMI and PCLMULQDQ, and the system must keep the upper halves of its registers (Intel's manual,
// volume 1, 14.3).
TEXT ·hasAVX2(SB), NOSPLIT, $0-1
	MOVB $0, ret+0(FP)
	XORL AX, AX
	CPUID
	CMPL AX, $7
	JLT  no
	MOVL $1, AX
	XORL CX, CX
	CPUID
	ANDL $0x18800002, CX // AVX, XGETBV may be used, POPCNT, PCLMULQDQ
	CMPL CX, $0x18800002
	JNE  no
	XORL CX, CX
	XGETBV
	ANDL $6, AX
	CMPL AX, $6
	JNE  no
	MOVL $7, AX
	XORL CX, CX
	CPUID
	ANDL $0x128, BX // BMI1, AVX2, BMI2
	CMPL BX, $0x128
	JNE  no
	MOVB $1, ret+0(FP)

no:
	RET
