#ifndef HAKO_CSTART_H
#define HAKO_CSTART_H

/// What a runtime program does before Swift's runtime starts: it keeps its arguments, and where it is about to enter a
/// container it executes itself again from a file that nobody can write to (see OCIRuntime's Executable).

/// The number of the program's arguments, with its own name.
int hako_argument_count(void);
/// One of the program's arguments; its own name is number 0.
const char *hako_argument(int number);
/// Why the program could not be executed again: an errno, or 0.
int hako_seal_errno(void);

#endif
