// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A C++ program on the libc under test: threads that allocate, throw and catch, format and parse.
 * A line on stdin is answered by "faults 0, rounds 1234" (rounds: of the thread that did the
 * fewest), until one that says "end".
 */
#include <array>
#include <atomic>
#include <condition_variable>
#include <future>
#include <iostream>
#include <map>
#include <mutex>
#include <new>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace
{

constexpr std::size_t nr_threads = 4;

struct alignas(256) wide {
	std::array<unsigned char, 300> bytes;
};

/* Its destructor must run where an exception passes. */
class guard
{
      public:
	explicit guard(int &count) : count_(count)
	{
		count_++;
	}
	~guard()
	{
		count_--;
	}
	guard(const guard &) = delete;
	guard &operator=(const guard &) = delete;

      private:
	int &count_;
};

int dive(int depth, int &open)
{
	const guard g(open);

	if (depth == 0)
		throw std::out_of_range("the bottom");
	return dive(depth - 1, open) + 1;
}

bool exceptions_work(unsigned n)
{
	int open = 0;

	try {
		dive(static_cast<int>(n % 20), open);
	} catch (const std::runtime_error &) {
		return false;
	} catch (const std::logic_error &e) {
		return open == 0 && std::string(e.what()) == "the bottom";
	}
	return false;
}

bool exceptions_cross_threads()
{
	auto answer = std::async(std::launch::async, [] { return std::stoi("no number"); });

	try {
		answer.get();
	} catch (const std::invalid_argument &) {
		return true;
	}
	return false;
}

bool text_works(unsigned n)
{
	static const std::regex number("([0-9]+)/([0-9]+)");
	std::ostringstream out;
	std::smatch found;

	out << n << '/' << n * 2.5;
	const std::string text = out.str();
	return std::regex_search(text, found, number) && std::stoul(found[1].str()) == n &&
	       std::stod(text.substr(text.find('/') + 1)) > n;
}

bool memory_works(unsigned n)
{
	std::map<unsigned, std::vector<wide>> held;

	for (unsigned i = 0; i < 20; i++) {
		held[(n + i) % 7].emplace_back();
		held[(n + i) % 7].back().bytes.fill(static_cast<unsigned char>(i));
	}
	for (const auto &[key, list] : held)
		for (const wide &w : list)
			if (reinterpret_cast<std::uintptr_t>(&w) % alignof(wide) != 0 ||
			    w.bytes.front() != w.bytes.back() || key >= 7)
				return false;
	return true;
}

} // namespace

int main()
{
	static std::array<std::atomic<unsigned long>, nr_threads> rounds;
	static std::atomic<unsigned long> faults;
	static std::atomic<bool> end;
	static std::mutex lock;
	static std::condition_variable some;
	std::vector<std::thread> threads;
	std::string line;

	for (std::size_t i = 0; i < nr_threads; i++)
		threads.emplace_back([i] {
			thread_local unsigned n = 1;

			for (; !end; n++) {
				if (!exceptions_work(n) || !text_works(n) || !memory_works(n) ||
				    (n % 64 == 0 && !exceptions_cross_threads()))
					faults++;
				rounds[i]++;
				const std::lock_guard<std::mutex> held(lock);
				some.notify_all();
			}
		});
	while (std::getline(std::cin, line) && line != "end") {
		std::unique_lock<std::mutex> held(lock);
		unsigned long fewest = 0;

		some.wait(held);
		fewest = rounds[0];
		for (const auto &each : rounds)
			fewest = std::min(fewest, each.load());
		std::cout << "faults " << faults << ", rounds " << fewest << std::endl;
	}
	end = true;
	for (std::thread &thread : threads)
		thread.join();
	return faults ? 1 : 0;
}
