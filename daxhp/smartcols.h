/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions of libsmartcols that daxhp calls. table_new() loads the library. After that,
 * scols_new_line() is scols.new_line().
 */
#ifndef DAXHP_SMARTCOLS_H
#define DAXHP_SMARTCOLS_H

#include <libsmartcols.h>

#include "library.h"

#define SMARTCOLS(X)                       \
	X(scols_, cell_get_data)           \
	X(scols_, column_get_header)       \
	X(scols_, init_debug)              \
	X(scols_, line_get_cell)           \
	X(scols_, line_set_color)          \
	X(scols_, line_set_data)           \
	X(scols_, new_table)               \
	X(scols_, print_table_to_string)   \
	X(scols_, table_enable_colors)     \
	X(scols_, table_enable_noheadings) \
	X(scols_, table_enable_raw)        \
	X(scols_, table_get_column)        \
	X(scols_, table_get_line)          \
	X(scols_, table_get_ncols)         \
	X(scols_, table_get_nlines)        \
	X(scols_, table_is_noheadings)     \
	X(scols_, table_new_column)        \
	X(scols_, table_new_line)          \
	X(scols_, table_set_termforce)     \
	X(scols_, table_set_termwidth)     \
	X(scols_, unref_table)

extern struct smartcols {
	SMARTCOLS(LIBRARY_POINTER)
} scols;

#endif
