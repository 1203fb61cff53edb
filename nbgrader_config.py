"""The course for nbgrader: where its folders are, and that student code runs in a jail."""

c = get_config()  # noqa: F821 (nbgrader defines it)

c.CourseDirectory.course_id = "backpropagation"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
