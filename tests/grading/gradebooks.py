"""All that a gradebook knows of the submissions of an assignment, in a form to be compared."""


def contents(course, assignment):
    with course.gradebook() as gradebook:
        return {
            submission.student_id: (
                submission.timestamp,
                {
                    notebook.name: (
                        notebook.score,
                        notebook.late_submission_penalty,
                        {
                            grade.name: (
                                grade.auto_score,
                                grade.manual_score,
                                grade.extra_credit,
                                grade.needs_manual_grade,
                            )
                            for grade in notebook.grades
                        },
                        {
                            comment.name: (comment.auto_comment, comment.manual_comment)
                            for comment in notebook.comments
                        },
                    )
                    for notebook in submission.notebooks
                },
            )
            for submission in gradebook.assignment_submissions(assignment)
        }
