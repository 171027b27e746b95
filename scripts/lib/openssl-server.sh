# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# A TLS server, a load on it, and a program that shows CVE-2025-69418, all on the patchable
# OpenSSL: what scripts/demo.sh openssl and tests/e2e/openssl.sh have in common.
# Needs openssl.sh, tests/lib/process.sh, and these variables:
#   openssl_dir   the libraries (openssl_build)
#   build         the folder with ulp, ulp-packer and .libs/libpulp.so.0
#   work          a folder for everything that is made here

nginx_workers=2
load_seconds=600 # the load ends by itself after this time, whatever happens to us
load_threads=2
server_text="the server is alive"

# Runs a command on our libraries, with the runtime.
on_our_libraries() {
	LD_LIBRARY_PATH=$openssl_dir LD_PRELOAD=$build/.libs/libpulp.so.0 exec "$@"
}

# Compiles the victim and the load.
server_build_programs() {
	local name source
	source=$(openssl_source)
	for name in ocb_victim tls_load; do
		quietly "$work/$name.log" gcc -std=gnu17 -D_GNU_SOURCE -O2 -g \
			-isystem "$openssl_dir/include" -isystem "$source/include" \
			-o "$work/$name" "$top/tests/e2e/victims/$name.c" \
			-L"$openssl_dir" -lssl -lcrypto -pthread || return
	done
}

server_make_certificate() {
	quietly "$work/certificate.log" openssl req -x509 -newkey ec -pkeyopt \
		ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost \
		-keyout "$work/key.pem" -out "$work/certificate.pem"
}

# A port that nobody listens on now; whoever takes it before nginx makes nginx fail to start.
free_port() {
	perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1,
		LocalAddr => "127.0.0.1", LocalPort => 0)->sockport'
}

# Everything that nginx would look for elsewhere is in $work, and it listens on one port of
# 127.0.0.1.  No session is kept, so that each request is a full handshake.
server_configure() {
	server_port=$(free_port) || return
	mkdir -p "$work/nginx"
	cat >"$work/nginx/nginx.conf" <<-END
		daemon off;
		worker_processes $nginx_workers;
		pid $work/nginx/nginx.pid;
		lock_file $work/nginx/nginx.lock;
		error_log $work/nginx/error.log notice;
		$([ "$(id -u)" -ne 0 ] || echo "user nobody $(id -gn nobody);")
		events { worker_connections 256; }
		http {
			access_log off;
			client_body_temp_path $work/nginx/client;
			proxy_temp_path $work/nginx/proxy;
			fastcgi_temp_path $work/nginx/fastcgi;
			uwsgi_temp_path $work/nginx/uwsgi;
			scgi_temp_path $work/nginx/scgi;
			server {
				listen 127.0.0.1:$server_port ssl;
				ssl_certificate $work/certificate.pem;
				ssl_certificate_key $work/key.pem;
				ssl_session_cache off;
				ssl_session_tickets off;
				location / { return 200 "$server_text"; }
			}
		}
	END
}

server_children() {
	cat "/proc/$server_pid/task/$server_pid/children" 2>/dev/null
}

server_is_ready() {
	local children
	read -r -a children < <(server_children)
	[ "${#children[@]}" -eq "$nginx_workers" ]
}

# Starts master and workers; sets server_pid and server_pids (the master's first).
server_start() {
	local nginx
	nginx=$(fetch_program nginx /usr/sbin/nginx) || return
	server_configure || return
	process_start on_our_libraries "$nginx" -e "$work/nginx/error.log" \
		-p "$work/nginx" -c "$work/nginx/nginx.conf" 2>"$work/nginx/stderr.log"
	server_pid=$process_pid
	if ! wait_for 20 server_is_ready; then
		cat "$work/nginx/stderr.log" "$work/nginx/error.log" >&2
		return 1
	fi
	server_pids="$server_pid $(server_children)"
}

# Whether every one of the given processes has our libcrypto, and the runtime, loaded.
on_our_libraries_all() {
	local pid
	for pid; do
		grep -qF " $openssl_dir/libcrypto.so.3" "/proc/$pid/maps" &&
			grep -q "/libpulp\.so\.0" "/proc/$pid/maps" || return
	done
}

# --- the load -----------------------------------------------------------------

load_start() {
	LD_LIBRARY_PATH=$openssl_dir process_start "$work/tls_load" "$server_port" \
		"$work/certificate.pem" "$server_text" "$load_seconds" "$load_threads" \
		>"$work/load.out" 2>"$work/load.err"
	load_pid=$process_pid
}

# load_count done|failed: requests so far.
load_count() {
	tail -n 1 "$work/load.out" 2>/dev/null |
		awk -v what="$1" '{ for (i = 1; i < NF; i += 2) if ($i == what) n = $(i + 1) }
			END { print n + 0 }'
}

load_reached() {
	[ "$(load_count done)" -ge "$1" ]
}

# load_more N: waits until N more requests have been done.
load_more() {
	wait_for 120 load_reached "$(($(load_count done) + $1))"
}

load_stop() {
	process_stop "$load_pid"
}

# --- the program that shows the fix ---------------------------------------------

victim_start() {
	rm -f "$work/ask" "$work/answer"
	mkfifo "$work/ask" "$work/answer"
	# Read and write, so that neither side waits for the other to open its end.
	exec 8<>"$work/ask" 9<>"$work/answer"
	process_start on_our_libraries "$work/ocb_victim" <"$work/ask" >"$work/answer" \
		2>"$work/victim.err" 8>&- 9>&-
	victim_pid=$process_pid
	wait_for 20 on_our_libraries_all "$victim_pid"
}

# Prints "encrypt WRONG, decrypt WRONG" or with RIGHT, as the program finds now.
victim_answer() {
	local line
	echo '?' >&8 && read -r -t 20 line <&9 && printf '%s\n' "${line%, rounds*}"
}
