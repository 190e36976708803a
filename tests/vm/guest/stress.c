// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * stress SECONDS DEVICE ATTRIBUTE BLOCK...
 *
 * Many threads at once on one device that is bound to kmem. Eight write random words to the
 * attribute and four read it, two change random blocks, one unbinds and binds, and two processes
 * use memory. Every answer of the kernel is right, but there must be an answer, and a read must
 * return one of the kernel's words.
 *
 * An unbind with memory online loses the memory until reboot. So during the unbind, no thread may
 * write a word that brings memory online. Reads, block changes and "unplugged" go on.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define BUS "/sys/bus/dax"
#define MEMORY "/sys/devices/system/memory"
#define WRITERS 8
#define READERS 4
#define TOGGLERS 2
#define EATERS 2
#define EATEN (64UL << 20)
/* There are few processors. Threads that only read give way to those that change something. */
#define PAUSE_US 2000

static const char *const words[] = { "unplugged",      "online",  "online_kernel",
				     "online_movable", "offline", "bogus" };
static const char *const told[] = { "unplugged",      "online",	 "online_kernel",
				    "online_movable", "offline", "unknown" };
static const char *const block_words[] = { "offline", "online", "online_kernel", "online_movable" };

static const char *device;
static char attribute[128];
static char **blocks;
static int n_blocks;
static atomic_bool stop;
static atomic_ulong n_written, n_refused, n_read, n_strange, n_toggled, n_binds;
/* The thread that unbinds holds it for writing. */
static pthread_rwlock_t may_go_online = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;

#define PICK(list, seed) list[rand_r(seed) % (sizeof(list) / sizeof(*(list)))]

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int write_driver(const char *file)
{
	char path[128];

	snprintf(path, sizeof(path), BUS "/drivers/kmem/%s", file);
	return write_text(path, device);
}

static void *writer(void *data)
{
	unsigned int seed = (long)data;

	while (!stop) {
		const char *word = PICK(words, &seed);
		bool asks = strncmp(word, "online", 6) == 0;

		if (asks)
			pthread_rwlock_rdlock(&may_go_online);
		if (write_text(attribute, word) == 0)
			n_written++;
		else
			n_refused++;
		if (asks)
			pthread_rwlock_unlock(&may_go_online);
	}
	return NULL;
}

static bool is_told(const char *word)
{
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++)
		if (strcmp(word, told[i]) == 0)
			return true;
	return false;
}

static void *reader(void *data)
{
	(void)data;
	while (!stop) {
		char word[64] = "";
		int fd = open(attribute, O_RDONLY | O_CLOEXEC);

		usleep(PAUSE_US);
		/* The file is missing while the device is unbound, and may go away at any time. */
		if (fd < 0)
			continue;
		if (read(fd, word, sizeof(word) - 1) > 0) {
			word[strcspn(word, "\n")] = '\0';
			n_read++;
			if (!is_told(word)) {
				n_strange++;
				printf("read: %s\n", word);
			}
		}
		close(fd);
	}
	return NULL;
}

static void *toggler(void *data)
{
	unsigned int seed = (long)data;

	while (!stop) {
		char path[128];

		snprintf(path, sizeof(path), MEMORY "/memory%s/state",
			 blocks[rand_r(&seed) % n_blocks]);
		if (write_text(path, PICK(block_words, &seed)) == 0)
			n_toggled++;
		usleep(PAUSE_US);
	}
	return NULL;
}

/* Leaves the device bound. */
static void *unbinder(void *data)
{
	(void)data;
	while (!stop) {
		usleep(200000);
		pthread_rwlock_wrlock(&may_go_online);
		if (write_text(attribute, "unplugged") == 0) {
			write_driver("unbind");
			if (write_driver("bind") == 0)
				n_binds++;
		}
		pthread_rwlock_unlock(&may_go_online);
	}
	return NULL;
}

static pid_t start_eater(void)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	for (;;) {
		char *memory = mmap(NULL, EATEN, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		for (size_t i = 0; memory != MAP_FAILED && i < EATEN; i += 4096)
			memory[i] = 1;
		usleep(100 * PAUSE_US);
		if (memory != MAP_FAILED)
			munmap(memory, EATEN);
	}
}

static void start(pthread_t *ret_thread, void *(*function)(void *), long seed)
{
	if (pthread_create(ret_thread, NULL, function, (void *)seed) != 0)
		abort();
}

int main(int argc, char **argv)
{
	pthread_t threads[WRITERS + READERS + TOGGLERS + 1];
	pid_t eaters[EATERS];
	int n = 0, seconds;

	if (argc < 5) {
		fprintf(stderr, "usage: stress SECONDS DEVICE ATTRIBUTE BLOCK...\n");
		return 2;
	}
	seconds = atoi(argv[1]);
	device = argv[2];
	snprintf(attribute, sizeof(attribute), BUS "/devices/%s/%s", device, argv[3]);
	blocks = argv + 4;
	n_blocks = argc - 4;

	for (int i = 0; i < EATERS; i++)
		eaters[i] = start_eater();
	for (int i = 0; i < WRITERS; i++)
		start(&threads[n++], writer, 100 + i);
	for (int i = 0; i < READERS; i++)
		start(&threads[n++], reader, 0);
	for (int i = 0; i < TOGGLERS; i++)
		start(&threads[n++], toggler, 200 + i);
	start(&threads[n++], unbinder, 0);

	sleep(seconds);
	stop = true;
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < EATERS; i++)
		if (eaters[i] > 0 && kill(eaters[i], SIGKILL) == 0)
			waitpid(eaters[i], NULL, 0);
	printf("%d s: %lu writes taken, %lu refused, %lu reads, %lu blocks changed, %lu times "
	       "unbound and "
	       "bound; %lu strange words\n",
	       seconds, n_written, n_refused, n_read, n_toggled, n_binds, n_strange);
	return n_strange > 0;
}
