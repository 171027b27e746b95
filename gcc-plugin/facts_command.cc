// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The command of the compilation, as its author could give it again.  GCC's driver
 * leaves it to the compiler proper in the environment (COLLECT_GCC,
 * COLLECT_GCC_OPTIONS), except for the name of the input file.
 */
#include "gcc-plugin/facts.h"

#include "file-prefix-map.h"

/*
 * Options by which a build keeps the place where it stands out of its output: the
 * command must not tell it either.
 */
static bool is_prefix_map(const std::string &word)
{
	return word.find("-prefix-map=") != std::string::npos &&
	       (!word.compare(0, 2, "-f") || !word.compare(0, 4, "-Wa,"));
}

/* The driver adds these, with a word that follows, for the compiler proper. */
static bool is_of_driver(const std::string &word)
{
	return word == "-dumpdir" || word == "-dumpbase" || word == "-dumpbase-ext";
}

/*
 * Parts COLLECT_GCC_OPTIONS into words: each in single quotes, with '\'' for a single
 * quote in it (gcc/gcc.c, set_collect_gcc_options).  False if it looks otherwise.
 */
static bool split(const char *text, std::vector<std::string> *words)
{
	static const char quote[] = "'\\''";

	while (*text) {
		std::string word;

		if (*text++ != '\'')
			return false;
		while (*text && (*text != '\'' || !strncmp(text, quote, 4))) {
			word += *text;
			text += *text == '\'' ? 4 : 1;
		}
		if (!*text++)
			return false;
		words->push_back(word);
		text += strspn(text, " ");
	}
	return true;
}

/* Options whose argument, behind them in the same word, may be a path. */
static const char *const path_options[] = {
	"-I",	      "-L",	  "-B",	      "-o",  "-isystem", "-iquote",
	"-idirafter", "-include", "-imacros", "-MF", "-MT",	 "-MQ",
};

static bool is_path_option(const std::string &text)
{
	for (size_t i = 0; i < ARRAY_SIZE(path_options); i++)
		if (text == path_options[i])
			return true;
	return false;
}

/* Maps an absolute path that is the word, or follows the option's name or a '='. */
static std::string map_path(const std::string &word)
{
	size_t slash = word.find('/');

	if (slash == std::string::npos)
		return word;
	std::string front = word.substr(0, slash);
	if (!front.empty() && !strchr("=,\"", front.back()) && !is_path_option(front))
		return word;
	return front + remap_debug_filename(word.c_str() + slash);
}

/* As it is, in single quotes, or with control characters in the form $'\ooo'. */
static std::string quote(const std::string &word)
{
	bool has_control = false, is_plain = !word.empty();
	std::string text;

	for (unsigned char c : word) {
		has_control |= c < ' ' || c == 127;
		is_plain &= ISALNUM(c) || strchr("-_+=:,./@%", c);
	}
	if (is_plain)
		return word;
	for (unsigned char c : word) {
		char octal[8];

		snprintf(octal, sizeof(octal), "\\%03o", c);
		if (has_control && (c < ' ' || c == 127 || c == '\'' || c == '\\'))
			text += octal;
		else if (c == '\'')
			text += "'\\''";
		else
			text += c;
	}
	return (has_control ? "$'" : "'") + text + "'";
}

std::string ulp_facts_path(const char *path)
{
	std::string mapped = remap_debug_filename(path);

	for (char &c : mapped)
		if ((unsigned char)c < ' ' || c == 127)
			c = '?';
	return mapped;
}

std::string ulp_facts_command(void)
{
	const char *gcc = getenv("COLLECT_GCC"), *options = getenv("COLLECT_GCC_OPTIONS");
	std::vector<std::string> words;
	std::string command;

	if (!gcc || !options || !main_input_filename || !split(options, &words))
		return "";
	command = quote(map_path(gcc));
	for (size_t i = 0; i < words.size(); i++) {
		if (is_of_driver(words[i]))
			i++;
		else if (!is_prefix_map(words[i]))
			command += " " + quote(map_path(words[i]));
	}
	bool is_stdin = !strcmp(main_input_filename, "<stdin>");

	return command + " " + (is_stdin ? "-" : quote(map_path(main_input_filename)));
}
