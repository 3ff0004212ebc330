/* SPDX-License-Identifier: MIT */
/*
 * How operations are named on the command line; tables of our own, to check the program's by.
 */
#ifndef LIVE_NAMES_H
#define LIVE_NAMES_H

#include <stddef.h>

/** The short name of an operation or register operation, "?" where we have none. */
const char *op_name(unsigned int op);
const char *register_name(unsigned int op);

/** The same operation in one of several spellings, which `variant` (any number) chooses: short, as
 * in C, as a number, in capitals with hyphens. Writes it to `text`, of `size` bytes; returns it. */
const char *op_spelling(unsigned int op, unsigned int variant, char *text, size_t size);
const char *register_spelling(unsigned int op, unsigned int variant, char *text, size_t size);

#endif
