// SPDX-License-Identifier: MIT
/* The target of the launches that are measured. */

int main(void)
{
	return 0;
}
