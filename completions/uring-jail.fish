# fish completion for uring-jail(1); what it offers comes from the program, through candidates.

# This file is share/fish/vendor_completions.d/uring-jail.fish below the same prefix.
set -g __uring_jail_candidates (dirname (status filename))/../../uring-jail/candidates

# The program as it was typed.
function __uring_jail_program
    set -l words (commandline -opc)
    command -sq -- $words[1]; and echo $words[1]; or echo uring-jail
end

# What the argument of an option, of which there is something already, can become.
function __uring_jail_value -a option -a text
    # An open quote is none of the argument.
    set text (string replace -r -- '^([\'"])' '' "$text" | string replace -ra '\\\\(.)' '$1')
    $__uring_jail_candidates (__uring_jail_program) value $option "$text"
end

# The same for an option that a word of its own follows, or that begins the word.
function __uring_jail_argument -a option
    set -l token (commandline -ct)
    set -l text (string replace -r -- '^--[a-z-]+=' '' "$token")
    test "$text" = "$token"; and string match -qr -- '^-[a-z].' "$token"; and set text (string sub -s 3 -- "$token")
    __uring_jail_value $option "$text"
end

# Whether the command has begun: the options before it and their arguments are over.
function __uring_jail_in_command
    set -l takes ($__uring_jail_candidates (__uring_jail_program) options | string match -r -- '^[^\t]+(?=\t[^\t[])')
    set -l words (commandline -opc)
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case --
                return 0
            case '-*'
                contains -- $words[1] $takes; and set -e words[1]
            case '*'
                return 0
        end
        set -e words[1]
    end
    # The word after an option belongs to that.
    set -l last (commandline -opc)[-1]
    not contains -- $last $takes; and not string match -q -- '-*' (commandline -ct)
end

# The command is completed as if it stood alone.
function __uring_jail_complete_command
    set -l takes ($__uring_jail_candidates (__uring_jail_program) options | string match -r -- '^[^\t]+(?=\t[^\t[])')
    set -l words (commandline -opc)
    set -e words[1]
    while set -q words[1]; and string match -q -- '-*' $words[1]
        set -l option $words[1]
        set -e words[1]
        test "$option" = --; and break
        contains -- $option $takes; and set -e words[1]
    end
    complete -C (string join -- ' ' (string escape -- $words) (commandline -ct))
end

complete -c uring-jail -f
complete -c uring-jail -n __uring_jail_in_command -a '(__uring_jail_complete_command)'
$__uring_jail_candidates uring-jail options | while read -l -d \t option argument text
    set -l flags -s
    string match -q -- '--*' $option; and set flags -l
    set -a flags (string trim -l -c - -- $option)
    switch $argument
        case ''
        case '[*'
            set -a flags -f -a "(__uring_jail_argument $option)"
        case '*FILE*'
            set -a flags -r -F -a "(__uring_jail_argument $option)"
        case '*'
            set -a flags -x -a "(__uring_jail_argument $option)"
    end
    complete -c uring-jail -n 'not __uring_jail_in_command' $flags -d "$text"
end
