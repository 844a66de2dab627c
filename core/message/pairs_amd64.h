// What pairs does, once for each set of what finds bytes: with AVX2 in pairs_amd64.s, with AVX-512 in pairs512_amd64.s. It is structure
// (structure_amd64.s) for two blocks at once, of lines that begin with their commands. Words are found for both, and sums and shifts carry from the
// first to the second. SI is where the pair is, BX has its mistakes.
//
// Who includes this defines how two blocks are loaded (BOTH_LOADED), classified and compared, the constants for that (CONSTANTS loads those that stay
// in registers), and how many places PUTS writes (AT_ONCE).

// What a pair hands on to the next is a bit for each carry, in the order in which they are used: from bit 8 down. Those of the pair before are in
// memory, so that nobody waits for one but who needs it; new ones are shifted into DI.
#define FIRST $0x100 // before the first pair: only that a line begins

// BEHIND moves bits to the bytes behind theirs.
#define BEHIND(bit, first, second) \
	BTQ  $bit, carries-24(SP); \
	ADCQ first, first; \
	ADCQ second, second; \
	RCLQ $1, DI

// ENDS finds the bytes behind the runs in which, or behind which, the bits of two words are, or that go on from the pair before.
#define ENDS(bit, run, more, first, second) \
	BTQ   $bit, carries-24(SP); \
	ADCQ  run, first; \
	ADCQ  more, second; \
	RCLQ  $1, DI; \
	ANDNQ first, run, first; \
	ANDNQ second, more, second

	MOVQ p+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ CX, left-8(SP)
	CONSTANTS
	MOVQ FIRST, DI
	XORL AX, AX
	MOVQ AX, within-16(SP)

pair:
	BOTH_LOADED
	BOTH_CLASSIFIED
	JNE     done
	MOVQ    DI, carries-24(SP)
	XORL    BX, BX

	// CX, R15: what is in quotes, if it was not before. It takes long, so it comes first.
	BOTH_ARE(QUOTE, R10, R11)
	MOVQ R10, quotes-64(SP)
	MOVQ R11, quotesMore-72(SP)
	INSIDE(R10, CX)
	INSIDE(R11, R15)

	// AX, DX: line feeds. R10, R11: where the commands behind them end, with a blank or a line feed.
	BOTH_ARE(FEED, AX, DX)
	MOVQ AX, feed-32(SP)
	MOVQ DX, feedMore-40(SP)
	MOVQ AX, R10
	MOVQ DX, R11
	BEHIND(8, R10, R11) // line
	BOTH_ABOVE(CAPITALS, R8, R9)
	ENDS(7, R8, R9, R10, R11) // command
	BOTH_ARE(BLANK, R8, R9)
	ORQ  R8, AX
	ORQ  R9, DX
	WRONG(R10, AX, R14)
	WRONG(R11, DX, R14)

	// R8, R9: blanks. Those behind commands are kept.
	ANDQ R8, R10
	ANDQ R9, R11
	MOVQ R10, head-48(SP)
	MOVQ R11, headMore-56(SP)

	// R10, R11: quotes. CX, R15: what is in quotes, and the opening ones.
	MOVQ quotes-64(SP), R10
	MOVQ quotesMore-72(SP), R11
	MOVQ within-16(SP), R14
	MOVQ R14, before-80(SP)
	XORQ R14, CX
	MOVQ CX, R14
	SARQ $63, R14
	XORQ R14, R15
	MOVQ R15, R14
	SARQ $63, R14
	MOVQ R14, within-16(SP)

	// AX, DX: closing quotes. They need a blank before them if there is no semicolon inside.
	BOTH_ARE(SEMICOLON, R12, R13)
	ANDNQ CX, R12, AX
	ANDNQ R15, R13, DX
	BEHIND(6, R10, R11) // opening
	ENDS(5, AX, DX, R10, R11) // plain; behind a closing quote there is no run
	ANDNQ quotes-64(SP), CX, AX
	ANDNQ quotesMore-72(SP), R15, DX
	ANDQ  AX, R10
	ANDQ  DX, R11
	BEHIND(4, R8, R9) // blank
	BOTH_WRONG(R10, R11, R8, R9)

	// R12, R13: semicolons between parameters. No quote is open where a line ends, and a parameter does not end in a blank.
	ANDNQ R12, CX, R12
	ANDNQ R13, R15, R13
	MOVQ  feed-32(SP), R10
	MOVQ  feedMore-40(SP), R11
	ANDQ  R10, CX
	ORQ   CX, BX
	ANDQ  R11, R15
	ORQ   R15, BX
	ORQ   R12, R10
	ORQ   R13, R11
	ANDQ  R10, R8
	ORQ   R8, BX
	ANDQ  R11, R9
	ORQ   R9, BX

	// CX, R15: opening quotes. What follows a closing one is the end of its parameter.
	MOVQ quotes-64(SP), CX
	XORQ AX, CX
	MOVQ quotesMore-72(SP), R15
	XORQ DX, R15
	BEHIND(3, AX, DX) // closing
	BOTH_WRONG(AX, DX, R10, R11)

	// R12, R13: where names begin. R10, R11: where they end, with '='. Opening quotes stand behind that.
	ORQ  head-48(SP), R12
	ORQ  headMore-56(SP), R13
	BEHIND(2, R12, R13) // body
	BOTH_ABOVE(NOTHING, R8, R9)
	WRONG(R12, R8, R14)
	WRONG(R13, R9, R14)
	MOVQ R12, R10
	MOVQ R13, R11
	ENDS(1, R8, R9, R10, R11) // name
	BOTH_ARE(EQUALS, AX, DX)
	WRONG(R10, AX, R14)
	WRONG(R11, DX, R14)
	BEHIND(0, R10, R11) // equals
	WRONG(CX, R10, R14)
	WRONG(R15, R11, R14)
	TESTQ BX, BX
	JNE   back

	// R8, R9, R10: how many names there are before the first block, the second, and behind. R11, R14, R15: the same of lines.
	MOVQ    x+0(FP), AX
	MOVQ    feed-32(SP), CX
	MOVQ    feedMore-40(SP), DX
	MOVQ    index_names(AX), R8
	MOVQ    index_lines(AX), R11
	POPCNTQ R12, R9
	POPCNTQ R13, R10
	POPCNTQ CX, R14
	POPCNTQ DX, R15
	ADDQ    R8, R9
	ADDQ    R9, R10
	ADDQ    R11, R14
	ADDQ    R14, R15
	CMPQ    R10, index_nameRoom(AX)
	JHI     back
	CMPQ    R15, index_lineRoom(AX)
	JHI     back
	CMPQ    R10, R8
	JEQ     few

some:
	MOVQ R10, index_names(AX)
	MOVQ R15, index_lines(AX)
	MOVQ index_line0(AX), R15
	LEAQ (R15)(R11*8), R11
	LEAQ (R15)(R14*8), R15
	MOVQ index_at(AX), BX
	LEAQ 64(BX), R10

ends:
	LINE(CX, R12, R8, BX, 0, R11)
	LINE(CX, R12, R8, BX, 8, R11)
	ADDQ  $16, R11
	TESTQ CX, CX
	JNE   ends

endsMore:
	LINE(DX, R13, R9, R10, 0, R15)
	LINE(DX, R13, R9, R10, 8, R15)
	ADDQ  $16, R15
	TESTQ DX, DX
	JNE   endsMore
	MOVQ  index_name0(AX), R15
	LEAQ  (R15)(R8*4), R8
	LEAQ  (R15)(R9*4), R9

names:
	PUTS(R12, BX, R8)
	ADDQ  $(4*AT_ONCE), R8
	TESTQ R12, R12
	JNE   names

namesMore:
	PUTS(R13, R10, R9)
	ADDQ  $(4*AT_ONCE), R9
	TESTQ R13, R13
	JNE   namesMore
	ADDQ  $128, SI
	ADDQ  $128, index_at(AX)
	SUBQ  $128, left-8(SP)
	CMPQ  left-8(SP), $128
	JGE   pair
	JMP   done

few:
	// Structure knows a quicker way through long values.
	CMPQ R15, R11
	JNE  some

back:
	// What is in this pair is not for here, or nothing is right behind it.
	MOVQ carries-24(SP), DI
	MOVQ before-80(SP), CX
	MOVQ CX, within-16(SP)

done:
	MOVQ  x+0(FP), AX
	MOVQ  within-16(SP), CX
	MOVQ  CX, index_inside(AX)
	MOVQ  $0x0101010101010101, DX // each carry in a byte: they are together in an index, in this order
	PDEPQ DX, DI, CX
	MOVQ  CX, index_equals(AX)
	SHRL  $8, DI
	ANDL  $1, DI
	MOVB  DI, index_line(AX)
	MOVQ  n+16(FP), CX
	SUBQ  left-8(SP), CX
	MOVQ  CX, ret+24(FP)
	VZEROUPPER
	RET
