/* SPDX-License-Identifier: MIT */
// What C++ brings along: exceptions, RTTI, streams, threads and their locals, static objects.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <functional>
#include <future>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <shared_mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <typeinfo>
#include <vector>

namespace {

[[noreturn]] void fail(const char *what, int line)
{
	std::cout.flush();
	std::cerr << "hello++.cc:" << line << ": " << what << ": is not so" << std::endl;
	std::_Exit(1);
}

#define CHECK(cond) ((cond) ? void() : fail(#cond, __LINE__))

struct Early {
	Early() : value(42) {}
	~Early() { std::cout << "static object destroyed" << std::endl; }
	int value;
} early;

struct Guard {
	explicit Guard(int &n) : n(n) { n++; }
	~Guard() { n--; }
	Guard(const Guard &) = delete;
	int &n;
};

struct Base {
	virtual ~Base() = default;
	virtual std::string name() const { return "base"; }
};

struct Derived : Base {
	std::string name() const override { return "derived"; }
};

struct DeepError : std::runtime_error {
	DeepError(const std::string &what, int depth) : std::runtime_error(what), depth(depth) {}
	int depth;
};

int alive;

void descend(int depth)
{
	Guard guard(alive);

	if (depth == 100)
		throw DeepError("at the bottom", depth);
	descend(depth + 1);
}

void test_exceptions()
{
	try {
		descend(0);
		CHECK(!"nothing was thrown");
	} catch (const DeepError &e) {
		CHECK(alive == 0 && e.depth == 100);
		std::cout << "caught: " << e.what() << std::endl;
	}
	try {
		try {
			(void)std::vector<int>(3).at(7);
			CHECK(!"at() went through");
		} catch (const std::out_of_range &) {
			std::throw_with_nested(std::logic_error("outer"));
		}
	} catch (const std::logic_error &e) {
		try {
			std::rethrow_if_nested(e);
			CHECK(!"nothing was nested");
		} catch (const std::out_of_range &) {
			std::cout << "caught: nested in " << e.what() << std::endl;
		}
	}
	try {
		Base b;
		(void)dynamic_cast<Derived &>(b);
		CHECK(!"dynamic_cast went through");
	} catch (const std::bad_cast &) {
		std::cout << "caught: bad cast" << std::endl;
	}
	try {
		volatile std::size_t huge = ~std::size_t(0) / 4;
		char *volatile p = new char[huge];
		delete[] p;
		CHECK(!"new went through");
	} catch (const std::bad_alloc &) {
		std::cout << "caught: no memory" << std::endl;
	}
}

void test_streams()
{
	std::unique_ptr<Base> p = std::make_unique<Derived>();
	std::ostringstream out;
	std::istringstream in("7 3.5 word 0x1f");
	int i, hex;
	double d;
	std::string word;

	CHECK(typeid(*p) == typeid(Derived) && p->name() == "derived");
	in >> i >> d >> word >> std::hex >> hex;
	CHECK(in && i == 7 && d == 3.5 && word == "word" && hex == 31);
	out << std::setw(8) << std::setfill('.') << 3.14159 << std::hex << std::showbase << 255;
	CHECK(out.str() == ".3.141590xff");
	std::cout << "streams: " << out.str() << std::endl;

	std::ofstream("hello++.txt") << "line one\nline two\n";
	std::ifstream file("hello++.txt");
	std::string line, all;
	while (std::getline(file, line))
		all += line + ";";
	CHECK(all == "line one;line two;");
	std::cout << "file: " << all << std::endl;
}

thread_local std::string local = "fresh";
std::atomic<int> locals_destroyed;

struct Local {
	~Local() { locals_destroyed++; }
	int value = 1;
};
thread_local Local counted;

void test_threads()
{
	std::vector<std::future<long>> parts;
	std::vector<long> numbers(100000);
	long sum = 0;

	std::iota(numbers.begin(), numbers.end(), 1);
	for (int i = 0; i < 4; i++) {
		parts.push_back(std::async(std::launch::async, [&numbers, i] {
			auto quarter = static_cast<long>(numbers.size()) / 4;

			CHECK(local == "fresh");
			local = "used " + std::to_string(i);
			counted.value = i;
			return std::accumulate(numbers.begin() + i * quarter, numbers.begin() + (i + 1) * quarter, 0L);
		}));
	}
	for (auto &part : parts)
		sum += part.get();
	CHECK(sum == 100000L * 100001 / 2 && local == "fresh");
	parts.clear();
	// get() may be back before the thread has ended; the locals go with the thread.
	for (int i = 0; i < 2000 && locals_destroyed < 4; i++)
		std::this_thread::sleep_for(std::chrono::milliseconds(5));
	CHECK(locals_destroyed == 4);
	std::cout << "async: " << sum << std::endl;

	auto thrower = std::async(std::launch::async, []() -> int { throw DeepError("from a thread", 1); });
	try {
		thrower.get();
		CHECK(!"the future swallowed it");
	} catch (const DeepError &e) {
		std::cout << "caught: " << e.what() << std::endl;
	}
}

void test_synchronisation()
{
	std::shared_mutex map_mutex;
	std::map<int, int> map;
	std::vector<std::thread> threads;
	std::atomic<long> seen{ 0 };

	for (int t = 0; t < 4; t++) {
		threads.emplace_back([&, t] {
			for (int i = 0; i < 500; i++) {
				{
					std::unique_lock lock(map_mutex);
					map[t * 1000 + i] = i;
				}
				std::shared_lock lock(map_mutex);
				seen += map.at(t * 1000 + i);
			}
		});
	}
	for (auto &t : threads)
		t.join();
	CHECK(map.size() == 2000 && seen == 4L * 499 * 500 / 2);

	std::mutex mutex;
	std::condition_variable changed;
	bool ready = false;
	std::thread setter([&] {
		std::this_thread::sleep_for(std::chrono::milliseconds(10));
		std::lock_guard lock(mutex);
		ready = true;
		changed.notify_one();
	});
	std::unique_lock lock(mutex);
	CHECK(changed.wait_for(lock, std::chrono::seconds(20), [&] { return ready; }));
	CHECK(!changed.wait_for(lock, std::chrono::milliseconds(5), [] { return false; }));
	lock.unlock();
	setter.join();
	std::cout << "locks: " << map.size() << " entries" << std::endl;
}

} // namespace

int main()
{
	CHECK(early.value == 42);
	std::cout << "Hello from C++!" << std::endl;
	test_exceptions();
	test_streams();
	test_threads();
	test_synchronisation();
	std::cout << "hello++: ok" << std::endl;
	return 0;
}
