# bash completion for uring-jail(1); what it offers comes from the program, through candidates.
# shellcheck shell=bash

# This file is share/bash-completion/completions/uring-jail below the same prefix.
_uring_jail_candidates=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../uring-jail/candidates

# Sets `option` and `text` to the option whose argument is being completed and what there is of it,
# or `command` to the index of the command; reads `words`, `cword` and `arguments`.
_uring_jail_where() {
	local i word
	for ((i = 1; i < ${#words[@]} && i <= cword; i++)); do
		word=${words[i]}
		if [[ $word == -- ]] && ((i < cword)); then
			command=$((i + 1))
			return
		elif [[ $word != -* || $word == - ]]; then
			command=$i
			return
		elif [[ $word == --*=* ]]; then
			option=${word%%=*} text=${word#*=}
		elif [[ -n ${arguments[$word]-} && ${arguments[$word]} != \[* ]] && ((i < cword)); then
			option=$word text=${words[++i]}
		elif [[ $word == -[!-]?* && -n ${arguments[${word:0:2}]-} ]]; then
			option=${word:0:2} text=${word:2}
		else
			option='' text=''
		fi
		((i < cword)) && option='' text=''
	done
}

# The word that is being completed, without its opening quote.
_uring_jail_text() {
	case $text in
	[\'\"]*) quote=${text:0:1} text=${text:1} ;;
	*) text=${text//\\/} ;;
	esac
}

# What readline takes for the word starts after the last of its word breaks.
_uring_jail_reply() {
	local candidate before='' i character
	for ((i = 0; ${#quote} == 0 && i < ${#cur}; i++)); do
		character=${cur:i:1}
		[[ $character == [=:@] && $COMP_WORDBREAKS == *"$character"* ]] && before=${cur:0:i+1}
	done
	[[ $cur == --*=* && -n $quote ]] && before=${cur%%=*}=
	for candidate; do
		[[ -n $quote ]] || printf -v candidate %q "$candidate"
		[[ -n $quote ]] || candidate=${candidate//\\,/,}
		candidate=$prefix$candidate
		COMPREPLY+=("${candidate#"${before//\\/}"}")
	done
}

_uring_jail_value() {
	local quote='' prefix='' candidates IFS=$'\n'
	prefix=${cur%"$text"}
	_uring_jail_text
	candidates=$("$_uring_jail_candidates" "$program" value "$option" "$text" | cut -f 1)
	[[ ${arguments[$option]} == *FILE* ]] && candidates+=$'\n'$(compgen -f -- "$text")
	# Of several in one word, each but the last stays: a comma can follow.
	[[ ${arguments[$option]} == @(LIST|STATEMENT|REQUEST) ]] && compopt -o nospace
	# shellcheck disable=SC2086 # lines
	_uring_jail_reply $candidates
}

_uring_jail() {
	# _init_completion sets cur, prev, words and cword.
	# shellcheck disable=SC2034
	local program=$1 cur prev words cword option='' text='' command='' name argument
	local -A arguments=()
	COMPREPLY=()
	_init_completion -n '=:@' || return
	while IFS=$'\t' read -r name argument; do
		arguments[$name]=$argument
	done < <("$_uring_jail_candidates" "$program" options | cut -f 1,2)
	_uring_jail_where
	if [[ -n $command ]]; then
		_command_offset "$command"
	elif [[ -n $option ]]; then
		_uring_jail_value
	elif [[ $cur == -* ]]; then
		for name in "${!arguments[@]}"; do
			[[ $name == --* && ${arguments[$name]} == [!\[]* ]] && name+='='
			[[ $name == "$cur"* ]] && COMPREPLY+=("$name")
		done
		[[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
	fi
} &&
	complete -F _uring_jail uring-jail
