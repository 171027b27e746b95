#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# bash, python3, nginx and a C++ program run on Debian's glibc built with the plugin, and do there
# what they do on the system's.  Two real fixes of glibc go into running processes, and out again;
# one of them into malloc, while four threads are in it.
# Needs the libc that scripts/check.sh builds; skipped without it.
. "${ULP_SRCDIR:?}/tests/lib/real.sh"

need_glibc
victims=$top/tests/e2e/victims
libc=$glibc_dir/libc.so
wordexp_fix=$work/glibc-CVE-2025-15281.so
memalign_fix=$work/glibc-CVE-2026-0861.so
python=/usr/bin/python3
answer_seconds=60

# --- processes ------------------------------------------------------------------

# Whether every one of the given processes has our libc, no other, and the runtime.
on_our_glibc_all() {
	local pid
	for pid; do
		grep -qF " $libc" "/proc/$pid/maps" && grep -q '/libpulp\.so\.0' "/proc/$pid/maps" &&
			! grep '/libc\.so\|/libc-2\|/ld-linux\|/libm\.so' "/proc/$pid/maps" |
			grep -qvF " $glibc_dir/" || return
	done
}

# start NAME PROGRAM [ARG...]: on our libc, with FIFOs as stdin and stdout; its pid is in NAME.pid.
start() {
	local name=$1
	shift
	mkfifo "$work/$name.ask" "$work/$name.answer" || tap_bail "no FIFO can be made"
	# Opened for reading and writing, so that neither side waits for the other.
	process_start on_our_glibc "$@" <>"$work/$name.ask" 1<>"$work/$name.answer" \
		2>"$work/$name.err"
	echo "$process_pid" >"$work/$name.pid"
	wait_for "$answer_seconds" on_our_glibc_all "$process_pid" || {
		sed 's/^/# /' "$work/$name.err"
		tap_bail "$name does not run on our libc"
	}
}

pid_of() {
	cat "$work/$1.pid"
}

# ask NAME: prints its answer.
ask() {
	local line
	exec 7<>"$work/$1.ask" 6<>"$work/$1.answer"
	echo '?' >&7
	if ! read -r -t "$answer_seconds" line <&6; then
		line="(no answer)"
		sed 's/^/# /' "$work/$1.err" >&2
	fi
	exec 7>&- 6>&-
	printf '%s\n' "$line"
}

# What an answer says besides the number of rounds; that number.
found_by() {
	ask "$1" | sed 's/, rounds .*//'
}

rounds_of() {
	ask "$1" | sed -n 's/.*, rounds \([0-9]*\)$/\1/p'
}

has_reached() {
	[ "$(rounds_of "$1")" -gt "$2" ]
}

# goes_on NAME: whether all of its threads do more rounds than until now.
goes_on() {
	wait_for "$answer_seconds" has_reached "$1" "$(($(rounds_of "$1") + 2))"
}

# The bytes of our libc's code in processes, as checksums.
code_of() {
	local pid
	for pid; do
		mapped_code "$pid" "$libc"
	done
}

# each CONTAINER [OPTION] -- PID...: ulp trigger for each of them; fails where one of them fails.
each() {
	local options=() pid failed=0
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	for pid; do
		ulp trigger -p "$pid" "${options[@]}" >"$work/out" 2>"$work/err" && continue
		failed=1
		sed 's/^/# /' "$work/out" "$work/err"
	done
	return "$failed"
}

# --- the programs do their work -----------------------------------------------------

same_work() {
	local name=$1
	shift
	rm -rf "$work/empty"
	mkdir "$work/empty"
	"$@" "$work/empty" >"$work/$name.wanted" 2>&1
	rm -rf "$work/empty"
	mkdir "$work/empty"
	(on_our_glibc "$@" "$work/empty") >"$work/$name.got" 2>&1 || return
	diff "$work/$name.wanted" "$work/$name.got" >"$work/diff" && return
	sed 's/^/# /' "$work/diff"
	return 1
}

tap_ok "the libc is patchable" ulp livepatchable "$libc"
tap_ok "bash works as on the system's libc" same_work bash /bin/bash "$victims/libc_work.bash"
tap_ok "python3 works as on the system's libc" same_work python "$python" "$victims/libc_work.py"

# --- nginx ----------------------------------------------------------------------------

# A port that nobody listens on now; whoever takes it before nginx makes nginx fail to start.
port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1,
	LocalAddr => "127.0.0.1", LocalPort => 0)->sockport')
mkdir -p "$work/nginx/files"
chmod 755 "$work"
head -c 300000 "$libc" >"$work/nginx/files/library"
cat >"$work/nginx/nginx.conf" <<-END
	daemon off;
	worker_processes 2;
	pid $work/nginx/nginx.pid;
	lock_file $work/nginx/nginx.lock;
	error_log $work/nginx/error.log notice;
	$([ "$(id -u)" -ne 0 ] || echo "user nobody $(id -gn nobody);")
	events { worker_connections 256; }
	http {
		access_log $work/nginx/access.log;
		client_body_temp_path $work/nginx/client;
		proxy_temp_path $work/nginx/proxy;
		fastcgi_temp_path $work/nginx/fastcgi;
		uwsgi_temp_path $work/nginx/uwsgi;
		scgi_temp_path $work/nginx/scgi;
		server {
			listen 127.0.0.1:$port;
			root $work/nginx/files;
			location /hello { return 200 "hello\n"; }
		}
	}
END

nginx_children() {
	cat "/proc/$nginx_pid/task/$nginx_pid/children" 2>/dev/null
}

nginx_is_ready() {
	local children
	read -r -a children < <(nginx_children)
	[ "${#children[@]}" -eq 2 ]
}

# Fetches a path over new connections, N at once in a row; prints the checksums that differ.
fetch() {
	perl -MIO::Socket::INET -MDigest::SHA -e '
		my ($port, $path, $times) = @ARGV;
		my %seen;
		for (1 .. $times) {
			my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port,
				Timeout => 20) or die "connect: $!\n";
			print $s "GET $path HTTP/1.0\r\n\r\n";
			local $/;
			my ($head, $body) = split /\r\n\r\n/, <$s>, 2;
			die "$head\n" if $head !~ m{^HTTP/1.1 200 };
			$seen{Digest::SHA::sha256_hex($body)} = 1;
		}
		print "$_\n" for keys %seen;' "$port" "$1" "$2" 2>&1
}

nginx_serves() {
	[ "$(fetch /hello 100)" = "$(echo hello | sha256sum | cut -d ' ' -f 1)" ] &&
		[ "$(fetch /library 20)" = "$(sha256sum <"$work/nginx/files/library" | cut -d ' ' -f 1)" ]
}

nginx=$(fetch_program nginx /usr/sbin/nginx) || tap_bail "no nginx"
process_start on_our_glibc "$nginx" -e "$work/nginx/error.log" -p "$work/nginx" \
	-c "$work/nginx/nginx.conf" 2>"$work/nginx/stderr"
nginx_pid=$process_pid
wait_for 30 nginx_is_ready || {
	sed 's/^/# /' "$work/nginx/stderr" "$work/nginx/error.log"
	tap_bail "nginx does not start"
}
nginx_pids="$nginx_pid $(nginx_children)"
# shellcheck disable=SC2086
tap_ok "nginx runs on our libc" on_our_glibc_all $nginx_pids
tap_ok "nginx serves" nginx_serves

# --- programs that go on, and fixes -----------------------------------------------------

tap_ok "the C++ program is compiled" quietly "$work/threads.log" g++ -std=c++17 -O2 -g \
	-o "$work/libc_threads" "$victims/libc_threads.cc" -pthread
tap_ok "the program that shows the faults is compiled" quietly "$work/victim.log" gcc -std=gnu17 \
	-D_GNU_SOURCE -O2 -g -o "$work/libc_victim" "$victims/libc_victim.c" -pthread
for fix in CVE-2025-15281 CVE-2026-0861; do
	tap_ok "$fix: compiled from the fixed source" glibc_fix "$fix" "$work/fix" || tap_bail "no fix"
	run ulp-packer "$top/specs/glibc/$fix.yaml" "${fix_objects[@]}" -t "$libc" -o "$work/glibc-$fix.so"
	tap_is "$fix: packed" 0 "$status"
done

start python "$python" "$victims/libc_work.py" serve
start threads "$work/libc_threads"
start victim "$work/libc_victim"
python_pid=$(pid_of python)
threads_pid=$(pid_of threads)
victim_pid=$(pid_of victim)
all="$python_pid $threads_pid $victim_pid $nginx_pids"
tap_ok "python3 runs" goes_on python
tap_ok "the C++ program runs" goes_on threads
tap_ok "four threads are in malloc" goes_on victim
# shellcheck disable=SC2086
original=$(code_of $all)

state() {
	printf 'python: %s; C++: %s; victim: %s\n' "$(found_by python)" "$(found_by threads)" \
		"$(found_by victim)"
}

# expect WHAT PYTHON VICTIM: what wordexp is found to be in python3, and what the victim finds.
expect() {
	tap_is "$1" "python: wordexp $2, faults 0; C++: faults 0; victim: $3, faults 0" "$(state)"
	tap_ok "$1: all go on" all_go_on
}

all_go_on() {
	goes_on python && goes_on threads && goes_on victim && nginx_serves
}

expect "before" WRONG "wordexp WRONG, memalign WRONG"
for round in 1 2; do
	# shellcheck disable=SC2086
	tap_ok "wordexp's fix goes into all ($round)" each "$wordexp_fix" -- $all
	expect "wordexp's fix ($round)" RIGHT "wordexp RIGHT, memalign WRONG"
	# shellcheck disable=SC2086
	tap_ok "malloc's fix goes into all ($round)" each "$memalign_fix" -- $all
	expect "both fixes ($round)" RIGHT "wordexp RIGHT, memalign RIGHT"
	ulp patches -p "$victim_pid" >"$work/patches" 2>&1
	tap_has "ulp patches names our libc ($round)" "$work/patches" "in $glibc_dir/libc.so.6:"
	tap_has "and the fix in malloc ($round)" "$work/patches" 'bug labels: CVE-2026-0861'
	# shellcheck disable=SC2086
	tap_ok "wordexp's fix is taken out ($round)" each --revert "$wordexp_fix" -- $all
	expect "malloc's fix ($round)" WRONG "wordexp WRONG, memalign RIGHT"
	# shellcheck disable=SC2086
	tap_ok "malloc's fix is taken out ($round)" each --revert "$memalign_fix" -- $all
	expect "reverted ($round)" WRONG "wordexp WRONG, memalign WRONG"
	# shellcheck disable=SC2086
	tap_is "the code is byte for byte as it was ($round)" "$original" "$(code_of $all)"
done

# --- at start-up ------------------------------------------------------------------------

# The tool looks at a process that its dynamic linker is still starting: an error while there is
# nothing to be patched, and no harm.
patched_at_once() {
	mkfifo "$work/late.ask"
	process_start on_our_glibc "$work/libc_threads" <>"$work/late.ask" >/dev/null 2>&1
	wait_for 60 ulp trigger -p "$process_pid" --timeout 10 "$memalign_fix"
}

tap_ok "a process is patched while it starts" patched_at_once
tap_ok "and runs on" process_maps "$process_pid" '/libpulp'
process_stop "$process_pid"

# ends_well NAME: lets it end; true if its status is 0.
ends_well() {
	local status=0 pid
	pid=$(pid_of "$1")
	echo end >"$work/$1.ask"
	wait_for "$answer_seconds" process_ended "$pid" || return
	wait "$pid" || status=$?
	process_forget "$pid"
	return "$status"
}

tap_ok "python3 ends well" ends_well python
tap_ok "the C++ program ends well" ends_well threads
tap_ok "the program with the threads in malloc ends well" ends_well victim

process_stop "$nginx_pid"
tap_is "nginx had no fault" "" "$(grep -E '\[(alert|emerg|crit)\]|exited on signal' "$work/nginx/error.log")"
tap_done
